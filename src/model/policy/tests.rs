//! Policies as people write them, and as they should not.

use super::*;

#[test]
fn an_empty_policy_is_the_default() {
    for text in ["", "# nothing\n", "gates:\n", "gates: {}\n", "versions:\n"] {
        assert_eq!(Policy::parse(text.as_bytes()).unwrap(), Policy::default());
    }
}

#[test]
fn a_broken_rule_is_said_with_its_place() {
    let at = |text: &str| Policy::parse(text.as_bytes()).unwrap_err();
    let found = at("gates:\n  min_evolutions: 0\n");
    assert_eq!(found.at, Some((2, 19)), "{found}");
    let found = at("waivable:\n  - min_evolutions\n  - changes_proven\n");
    assert_eq!(found.at, Some((3, 5)), "{found}");
    assert!(found.rule.contains("never be waived"), "{found}");
    assert!(at("waivable: [promoters]\n").rule.contains("never"));
    assert!(at("waivable: [min_evolution]\n").rule.contains("no gate"));
    assert!(at("promoters: []\n").rule.contains("nobody"));
    assert!(
        at("promoters: [ann]\n")
            .rule
            .contains("is not an email address")
    );
    assert!(
        at("gates:\n  min_evolution: 1\n")
            .rule
            .contains("min_evolution")
    );
    assert!(
        at("gates: {required_steps: [{types: [], steps: [a]}]}")
            .at
            .is_some()
    );
}

#[test]
fn a_product_says_whole_keys_otherwise() {
    let text = "promoters: [a@x.org]\ngates: {min_evolutions: 2}\nproducts:\n  billing:\n    \
                gates: {no_failed_evolutions: true}\n    versions: date\n";
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let billing = policy.clone().of(Some("billing"));
    assert_eq!(billing.gates.min_evolutions, None);
    assert!(billing.gates.no_failed_evolutions);
    assert_eq!(billing.versions, Scheme::Date);
    assert_eq!(billing.promoters, policy.promoters);
    let other = policy.clone().of(Some("search"));
    assert_eq!(other, policy.clone().of(None));
    assert_eq!(other.gates.min_evolutions, Some(2));
    let at = |text: &str| Policy::parse(text.as_bytes()).unwrap_err();
    let found = at("products:\n  billing:\n    promoters: [ann]\n");
    assert_eq!(found.at, Some((3, 17)), "{found}");
    assert!(
        at("products:\n  Billing: {}\n")
            .rule
            .contains("product of a version")
    );
    assert!(
        at("products: {a: {products: {}}}\n")
            .rule
            .contains("products")
    );
}

#[test]
fn the_narrowest_line_that_a_version_is_in_says_what_holds() {
    let text = "promoters: [a@x.org]\ngates: {min_evolutions: 3}\nlines:\n  v1.x:\n    \
                promoters: [b@x.org]\n  v1.2.x: {gates: {min_evolutions: 1}}\nproducts:\n  \
                web: {lines: {v1.x: {waivable: [versions]}}}\n  api: {promoters: [c@x.org]}\n";
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let says = |version: &str| {
        let policy = policy.clone().about(&version.parse().unwrap());
        assert!(policy.lines.is_empty() && policy.products.is_empty());
        let promoters = policy.promoters.unwrap().join(" ");
        (
            promoters,
            policy.gates.min_evolutions,
            policy.waivable.len(),
        )
    };
    assert_eq!(says("v2.0.0"), ("a@x.org".into(), Some(3), 0));
    assert_eq!(says("v1.0.0"), ("b@x.org".into(), Some(3), 0));
    assert_eq!(says("v1.2"), ("a@x.org".into(), Some(1), 0));
    assert_eq!(says("v10.2.0"), ("a@x.org".into(), Some(3), 0));
    // A product has the lines that it says, or those of all.
    assert_eq!(says("web/v1.2.0"), ("a@x.org".into(), Some(3), 1));
    assert_eq!(says("api/v1.2.0"), ("c@x.org".into(), Some(1), 0));
    let wrong = |text: &str| Policy::parse(text.as_bytes()).unwrap_err();
    assert!(wrong("lines: {v1: {}}").rule.contains("not a range"));
    assert!(
        wrong("lines: {web/v1.x: {}}")
            .rule
            .contains("under `lines` of that product")
    );
    assert!(
        wrong("lines: {v1.x: {lines: {}}}")
            .rule
            .contains("cannot hold")
    );
    let found = wrong("lines:\n  v1.x:\n    promoters: [ann]\n");
    assert_eq!(found.at, Some((3, 17)), "{found}");
    assert!(
        wrong("products: {a: {lines: {v1: {}}}}")
            .rule
            .contains("not a range")
    );
    assert!(
        wrong("heirs: [ann]")
            .rule
            .contains("is not an email address")
    );
}

#[test]
fn what_asks_for_later_rules_is_not_read_further() {
    let needs = |text: &str| Policy::parse(text.as_bytes()).unwrap().needs;
    assert_eq!(needs("promoters: [a@x.org]"), RuleSet::FIRST);
    assert_eq!(needs("heirs: [a@x.org]"), RuleSet::WITH_HEIRS);
    assert_eq!(
        needs("products: {a: {lines: {v1.x: {}}}}"),
        RuleSet::WITH_HEIRS
    );
    let later = Policy::parse(b"min_rules: 4000000000\nsomething: new\n").unwrap();
    let refusal = later.known("The policy").unwrap_err();
    assert_eq!(refusal.exit, Exit::Gate);
    assert!(refusal.what.contains("rules 4000000000"), "{refusal:?}");
    assert!(Policy::parse(b"min_rules: 2").unwrap().known("").is_ok());
    assert!(Policy::parse(b"min_rules: 2\nsomething: new\n").is_err());
    assert!(Policy::parse(b"min_rules: 0").is_err());
}

#[test]
fn what_differs_is_said_key_by_key() {
    let policy = |text: &str| Policy::parse(text.as_bytes()).unwrap();
    let before = policy("promoters: [a@x.org]\n");
    let now = policy("gates: {min_evolutions: 2}\n");
    assert_eq!(
        now.differences(&before),
        [
            "min_evolutions: not set -> 2",
            "promoters: [\"a@x.org\"] -> not set",
        ]
    );
    assert!(now.differences(&now).is_empty());
}
