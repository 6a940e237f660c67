//! A whole entry of each kind, and each rule broken.

use super::*;
use crate::model::Person;
use crate::model::sealed::{CONTRACT, Folded, PROMOTION};

fn oid(n: u32) -> Oid {
    format!("{n:040x}").parse().unwrap()
}

const TEXT: &str = "version: v2.0.0\nchanges:\n- {type: add, id: A, title: a}\n";

fn sealed() -> Sealed {
    Sealed {
        version: "v2.0.0".parse().unwrap(),
        promotion: "id".into(),
        commit: oid(20),
        tree: oid(21),
        generation: oid(9),
        draft: oid(10),
        promoter: Person {
            name: "Lead".into(),
            email: "lead@example.com".into(),
        },
        rules: crate::model::rules::RuleSet::CURRENT,
        mailmap: None,
        promoted_at: "2026-01-02T03:04:05+00:00".parse().unwrap(),
        gates: Vec::new(),
        unproven: None,
        artifacts: Vec::new(),
        artifacts_of: None,
        evolutions: vec![Folded {
            change: "A".parse().unwrap(),
            number: 1,
            tip: oid(30),
            owner: Person {
                name: "Ann".into(),
                email: "ann@example.com".into(),
            },
            counted: true,
        }],
        approvals: Vec::new(),
    }
}

fn at(file: &str) -> String {
    format!("releases/2/2.0/v2.0.0.{file}")
}

fn entry() -> Entry {
    let parent = |n: u32, contract: Option<Oid>| Parent {
        oid: oid(n),
        tree: oid(n + 1),
        contract,
    };
    Entry {
        too_many: false,
        moves: moved::Facts::default(),
        oid: oid(1),
        header: Header {
            format: Some("1".into()),
            kind: Some(Kind::Promotion.to_string()),
            base: Some(oid(2).to_string()),
            version: Some("v2.0.0".into()),
            promotion: Some("id".into()),
            ..Header::default()
        },
        others: vec![
            parent(10, Some(oid(40))),
            parent(20, None),
            parent(30, None),
        ],
        differences: [CONTRACT, PROMOTION]
            .map(|file| Difference {
                path: at(file),
                added: true,
            })
            .into(),
        leaf: Leaf {
            contract: Some((oid(40), TEXT.into())),
            promotion: Some(serde_yaml::to_string(&sealed()).unwrap().into_bytes()),
        },
        withdrawal: None,
        neighbours: vec!["v2.0.1".parse().unwrap()],
        imports: Vec::new(),
        accepted: None,
    }
}

/// An import of these versions.
fn import_of(versions: &[&str]) -> Entry {
    let mut entry = entry();
    entry.header.kind = Some(Kind::Import.to_string());
    entry.header.version = None;
    entry.others.clear();
    entry.differences.clear();
    for version in versions {
        let version: Version = version.parse().unwrap();
        let path = version.import();
        let imported = Imported {
            version,
            description: None,
            commit: Some(oid(50)),
            by: sealed().promoter,
            at: sealed().promoted_at,
            changes: Vec::new(),
            claims: Vec::new(),
        };
        let text = serde_yaml::to_string(&imported).unwrap().into_bytes();
        entry.differences.push(Difference {
            path: path.clone(),
            added: true,
        });
        entry.imports.push(import::File {
            path,
            text,
            taken: None,
        });
    }
    entry
}

#[test]
fn an_import_takes_versions_that_nobody_has() {
    let check = |entry: &Entry| check(entry, Some(&oid(2)));
    let whole = import_of(&["v1.0.0", "v1.1.0"]);
    let valid = matches!(check(&whole), Check::Valid(Verified::Import(all)) if all.len() == 2);
    assert!(valid);
    let mut taken = whole.clone();
    taken.imports[1].taken = Some("v1.1".parse().unwrap());
    let mut elsewhere = whole.clone();
    elsewhere.imports[0].path = "imports/1/1.0/v1.0.1.yaml".into();
    let mut more = whole.clone();
    more.differences.push(Difference {
        path: "releases/1/1.0/v1.0.0.promotion.yaml".into(),
        added: true,
    });
    let mut parents = whole.clone();
    parents.others = entry().others;
    for bad in [
        taken,
        elsewhere,
        more,
        parents,
        import_of(&["v1.0", "v1.0.0"]),
        import_of(&[]),
    ] {
        assert!(matches!(check(&bad), Check::Invalid(_)), "{bad:?}");
    }
}

fn refused(spoil: impl FnOnce(&mut Entry)) -> String {
    let mut entry = entry();
    spoil(&mut entry);
    match check(&entry, Some(&oid(2))) {
        Check::Invalid(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_entry_is_valid() {
    let valid = check(&entry(), Some(&oid(2)));
    assert_eq!(valid, Check::Valid(Verified::Promotion(sealed())));
}

#[test]
fn each_rule_is_enforced() {
    assert!(refused(|e| e.header.base = None).contains("base"));
    assert!(refused(|e| e.header.version = Some("2.0.0".into())).contains("spelled"));
    assert!(refused(|e| e.neighbours = vec!["v2.0".parse().unwrap()]).contains("v2.0 is"));
    assert!(refused(|e| e.differences[0].added = false).contains("changes"));
    assert!(
        refused(|e| e.differences.push(Difference {
            path: "releases/2/2.0/v2.0.10.promotion.yaml".into(),
            added: true
        }))
        .contains("v2.0.10")
    );
    assert!(refused(|e| e.differences.clear()).contains("nothing"));
    assert!(refused(|e| e.others.truncate(1)).contains("parent"));
    assert!(refused(|e| e.others.truncate(2)).contains("evolutions"));
    assert!(refused(|e| e.others[0].contract = None).contains("draft"));
    assert!(refused(|e| e.others[1].tree = oid(99)).contains("release"));
    assert!(refused(|e| e.others[2].oid = oid(99)).contains("evolutions"));
    assert!(refused(|e| e.header.promotion = Some("x".into())).contains("promotions"));
    assert!(refused(|e| e.header.original = Some("x".into())).contains("original"));
    assert!(refused(|e| e.header.kind = Some(Kind::Genesis.to_string())).contains("genesis"));
    let stray = |file: &str| refused(|e| e.differences[0].path = at(file));
    assert!(stray("x.yaml").contains("adds releases/2/2.0/v2.0.0.x.yaml"));
    assert!(stray("promotion.yaml/evolutions").contains("evolutions"));
    assert!(refused(|e| e.leaf.contract = None).contains("contract"));
    assert!(refused(|e| e.leaf.promotion = None).contains("promotion"));
    assert!(refused(|e| e.leaf.promotion = Some(b"x".to_vec())).contains("promotion"));
}

/// A withdrawal of v2.0.0.
fn withdrawal_of(path: &str) -> Entry {
    let mut entry = entry();
    entry.header.kind = Some(Kind::Withdrawal.to_string());
    entry.header.promotion = None;
    entry.others.clear();
    entry.neighbours = vec!["v2.0.0".parse().unwrap()];
    entry.differences = vec![Difference {
        path: path.into(),
        added: true,
    }];
    let text =
        "version: v2.0.0\nreason: r\nby: {name: A, email: a@b.c}\nat: 2026-01-02T03:04:05Z\n";
    entry.withdrawal = Some((path.into(), text.into()));
    entry
}

#[test]
fn each_rule_of_a_withdrawal_is_enforced() {
    let check = |entry: &Entry| match check(entry, Some(&oid(2))) {
        Check::Invalid(why) => why,
        Check::Valid(Verified::Withdrawal(_, number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let whole = withdrawal_of("withdrawals/2/2.0/v2.0.0/7.yaml");
    assert_eq!(check(&whole), "7");
    for stray in [
        "withdrawals/2/2.0/v2.0.0/0.yaml",
        "withdrawals/2/2.0/v2.0.0/07.yaml",
        "withdrawals/2/2.0/v2.0.0.yaml",
        "withdrawals/2/2.0/v2.0.1/1.yaml",
        "withdrawals/2/2.0/v2.0.0/1.yml",
    ] {
        assert!(
            check(&withdrawal_of(stray)).contains("no number"),
            "{stray}"
        );
    }
    let spoilt = |spoil: fn(&mut Entry)| {
        let mut entry = whole.clone();
        spoil(&mut entry);
        check(&entry)
    };
    assert!(spoilt(|e| e.neighbours.clear()).contains("never promoted"));
    assert!(spoilt(|e| e.header.version = Some("v2.0".into())).contains("two versions"));
    assert!(spoilt(|e| e.withdrawal = None).contains("withdraws nothing"));
    assert!(
        spoilt(|e| {
            let parents = entry().others;
            e.others = parents;
        })
        .contains("one parent")
    );
    assert!(
        spoilt(|e| {
            let more = e.differences[0].clone();
            e.differences.push(Difference {
                path: "withdrawals/2/2.0/v2.0.0/8.yaml".into(),
                ..more
            });
        })
        .contains("adds")
    );
    assert!(spoilt(|e| e.differences[0].added = false).contains("changes"));
}

#[test]
fn each_rule_of_an_acceptance_is_enforced() {
    let of = |path: &str, text: String| {
        let mut entry = entry();
        entry.header.kind = Some(Kind::Accepted.to_string());
        entry.header.version = None;
        entry.header.promotion = None;
        entry.others.clear();
        entry.differences = vec![Difference {
            path: path.into(),
            added: true,
        }];
        entry.accepted = Some((path.into(), text.into_bytes()));
        entry
    };
    let text = |key: &str| {
        let entry = oid(7);
        format!(
            "entry: {entry}\n{key}: r\nby: {{name: A, email: a@b.c}}\nat: 2026-01-02T03:04:05Z\n"
        )
    };
    let check = |entry: &Entry| match check(entry, Some(&oid(2))) {
        Check::Invalid(why) => why,
        Check::Valid(_) => String::new(),
        Check::Unknown(what) => panic!("{what}"),
    };
    let path = format!("acceptances/{}/1.yaml", oid(7));
    let whole = of(&path, text("reason"));
    assert_eq!(check(&whole), "");
    for stray in [
        format!("acceptances/{}/1.yaml", oid(8)),
        format!("acceptances/{}/0.yaml", oid(7)),
        format!("acceptances/{}/one.yaml", oid(7)),
    ] {
        assert!(
            check(&of(&stray, text("reason"))).contains("no number"),
            "{stray}"
        );
    }
    assert!(check(&of(&path, text("because"))).contains("invalid"));
    let mut named = whole.clone();
    named.header.version = Some("v2.0.0".into());
    assert!(check(&named).contains("no version"));
    let mut parents = whole.clone();
    parents.others = entry().others;
    assert!(check(&parents).contains("one parent"));
}

#[test]
fn each_rule_of_a_genesis_is_enforced() {
    let mut genesis = entry();
    genesis.header = Header {
        format: Some("1".into()),
        kind: Some(Kind::Genesis.to_string()),
        nonce: Some("n".into()),
        ..Header::default()
    };
    genesis.others.clear();
    genesis.differences.clear();
    assert!(matches!(
        check(&genesis, None),
        Check::Valid(Verified::Genesis)
    ));
    for spoil in [
        (|e: &mut Entry| e.header.nonce = None) as fn(&mut Entry),
        |e| e.others = entry().others,
        |e| e.differences = entry().differences,
    ] {
        let mut spoilt = genesis.clone();
        spoil(&mut spoilt);
        assert!(matches!(check(&spoilt, None), Check::Invalid(_)));
    }
    assert!(matches!(check(&entry(), None), Check::Invalid(_)));
}

#[test]
fn the_page_names_each_kind() {
    use strum::VariantArray;
    let page = include_str!("../../../docs/format.md");
    for kind in Kind::VARIANTS {
        assert!(
            page.contains(&format!("`{kind}`")),
            "{kind}: docs/format.md"
        );
    }
}

#[test]
fn a_later_format_or_kind_stops_everybody() {
    let mut later = entry();
    later.header.format = Some("2".into());
    assert!(matches!(check(&later, Some(&oid(2))), Check::Unknown(_)));
    let mut kind = entry();
    kind.header.kind = Some("merge".into());
    assert!(matches!(check(&kind, Some(&oid(2))), Check::Unknown(_)));
}

#[test]
fn a_new_shelf_hides_nothing() {
    let wide = |path: &str| refused(|e| e.differences[0].path = path.into());
    assert!(wide("releases/2").contains("adds releases/2"));
    assert!(wide("releases/2/2.0/v2.0.00.promotion.yaml").contains("adds"));
}
