//! Spellings, order, and names that nothing could carry.

use super::*;

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn the_next_one_is_above_although_words_compare_as_words() {
    for (version, next) in [
        ("v1.0.0-rc9", "v1.0.0-rc9.1"),
        ("v1.0.0-rc8", "v1.0.0-rc9"),
        ("v1.0.0-rc.9", "v1.0.0-rc.10"),
    ] {
        let version: Version = version.parse().unwrap();
        let found = version.successors().next().unwrap();
        assert_eq!(found.as_str(), next);
        assert!(found > version);
    }
}

#[test]
fn spellings_that_mean_the_same_are_one() {
    for (left, right) in [
        ("v2.0", "v2.0.0"),
        ("v1.2", "v1.02"),
        ("1.2.0", "v1.2.0"),
        ("v1-rc.1", "v1.0-rc.01"),
    ] {
        assert_eq!(v(left), v(right), "{left} {right}");
        assert_eq!(v(left).shelf(), v(right).shelf(), "{left} {right}");
    }
    assert_ne!(v("billing/v1.0.0"), v("v1.0.0"));
}

#[test]
fn order_is_by_number_and_a_release_is_above_its_candidates() {
    let rising = [
        "v1.2.9",
        "v1.2.10",
        "v2.0.0-alpha",
        "v2.0.0-rc.2",
        "v2.0.0-rc.10",
        "v2.0.0",
        "v2024.01.15",
    ];
    assert!(rising.windows(2).all(|w| v(w[0]) < v(w[1])));
}

#[test]
fn a_slip_is_known_for_what_was_meant() {
    let said = |text: &str| text.parse::<Version>().unwrap_err().to_string();
    assert!(said("V1.8.0").ends_with("did you mean v1.8.0?"));
    assert!(said("v1.0-RC.1").ends_with("did you mean v1.0-rc.1?"));
    assert!(said("Billing/V1.0").ends_with("did you mean billing/v1.0?"));
    assert!(!said("vx").contains("did you mean"));
    for (typed, meant) in [
        ("v01.8.0", Some("v1.8.0")),
        ("b/v007.08-rc.01", Some("b/v7.8-rc.01")),
        ("v0.8.0", None),
        ("v2026.01.15", None),
        ("v1.08.0", None),
    ] {
        let slip = v(typed).slip();
        assert_eq!(slip.as_ref().map(Version::as_str), meant, "{typed}");
        assert!(slip.is_none_or(|slip| slip == v(typed)), "{typed}");
    }
    assert!(v("v1.08.0").is_padded() && v("v2026.01.15").is_padded());
    assert!(!v("v0.10.0-rc.01").is_padded());
    assert_eq!(v("v1.08.0").unpadded().as_str(), "v1.8.0");
}

#[test]
fn a_patch_goes_on_a_line() {
    assert!(v("v1.0.1").goes_on(&v("v1.0.0")));
    assert!(v("v1.0.5").goes_on(&v("v1.0")));
    for (later, earlier) in [
        ("v1.1.0", "v1.0.0"),
        ("v1.0.0", "v1.0.0"),
        ("v1.0.0", "v1.0.1"),
        ("v1.1", "v1.0"),
        ("a/v1.0.1", "v1.0.0"),
    ] {
        assert!(!v(later).goes_on(&v(earlier)), "{later} {earlier}");
    }
}

#[test]
fn what_no_ref_or_path_could_carry_is_refused() {
    for bad in [
        "",
        "v",
        "vx",
        "v1..0",
        "v1.",
        "v1.0-",
        "v1.0-RC",
        "v1.0-a..b",
        "v1.0-rc.lock",
        "v1/v2.0",
        "Billing/v1.0",
        "a/b/v1.0",
        "con/v1.0",
        "a../v1.0",
        "v1.0 ",
        "v1.0\n",
        "v99999999999999999999",
        "-v1",
        "../v1.0",
    ] {
        assert!(bad.parse::<Version>().is_err(), "{bad:?}");
    }
}

#[test]
fn the_ledger_shelves_a_release_by_minor() {
    assert_eq!(v("v2.0.0").path("x"), "releases/2/2.0/v2.0.0.x");
    assert_eq!(v("v5").path("x"), "releases/5/5.0/v5.x");
    assert_eq!(v("v2024.01.15").shelf(), "2024/2024.1");
    let of_product = "releases/billing/2/2.0/v2.0.x";
    assert_eq!(v("billing/v2.0").path("x"), of_product);
    assert_eq!(v("v5").withdrawals(), "withdrawals/5/5.0/v5");
    assert_eq!(v("a/v5").import(), "imports/a/5/5.0/v5.yaml");
}

#[test]
fn the_loser_is_offered_the_next_number() {
    let next = |text: &str| v(text).successors().next().unwrap().to_string();
    assert_eq!(next("v1.0.0"), "v1.0.1");
    assert_eq!(next("v1.2.9"), "v1.2.10");
    assert_eq!(next("v2024.01.09"), "v2024.01.10");
    assert_eq!(next("v2.0.0-rc.1"), "v2.0.0-rc.2");
    assert_eq!(next("v2.0.0-beta"), "v2.0.0-beta.1");
    assert_eq!(next("v18446744073709551615"), "v18446744073709551615.1");
}

/// Versions near each other: the same few numbers, in any spelling.
fn any_version() -> impl proptest::strategy::Strategy<Value = Version> {
    let text = "(b/)?v(0|1|2|01)(\\.(0|1|00)){0,3}(-(rc|a|0)(\\.(0|1|01|x)){0,2})?";
    proptest::strategy::Strategy::prop_map(text, |text: String| v(&text))
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn order_is_total_and_agrees_with_equality_and_the_shelf(
        a in any_version(), b in any_version(), c in any_version()
    ) {
        proptest::prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        proptest::prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a <= b && b <= c {
            proptest::prop_assert!(a <= c, "{a} {b} {c}");
        }
        if a == b {
            proptest::prop_assert_eq!(a.shelf(), b.shelf());
        }
        proptest::prop_assert_eq!(&v(a.as_str()), &a);
    }
}
