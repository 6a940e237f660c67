//! What `--json` prints is what docs/schemas/output/ says: whatever a test makes the program print is
//! held against it (`sandbox::Person::sh`), and one scenario here prints nearly every document.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::documents::root;
use crate::sandbox::Sandbox;

/// The documents among what a line printed; text for people has none.
pub(crate) fn documents(out: &str) -> Vec<Value> {
    if !out.starts_with('{') {
        return Vec::new();
    }
    let stream = serde_json::Deserializer::from_str(out).into_iter::<Value>();
    let ours = |value: &Value| {
        value["schema"]
            .as_str()
            .is_some_and(|s| s.starts_with("gryt."))
    };
    stream.map_while(Result::ok).filter(ours).collect()
}

type Known = Mutex<BTreeMap<String, Arc<jsonschema::Validator>>>;
static KNOWN: Known = Known::new(BTreeMap::new());

fn schema(name: &str) -> Arc<jsonschema::Validator> {
    if let Some(known) = KNOWN.lock().unwrap().get(name) {
        return Arc::clone(known);
    }
    let file = format!("docs/schemas/output/{}.schema.json", name.replace('/', "."));
    let text = fs::read_to_string(root().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let schema = jsonschema::options()
        .should_validate_formats(true)
        .build(&serde_json::from_str(&text).unwrap())
        .unwrap();
    let schema = Arc::new(schema);
    KNOWN
        .lock()
        .unwrap()
        .insert(name.to_owned(), Arc::clone(&schema));
    schema
}

/// Holds all that was printed against the schemas.
#[track_caller]
pub(crate) fn check(line: &str, out: &str) {
    for document in documents(out) {
        let name = document["schema"].as_str().unwrap();
        let wrong: Vec<String> = schema(name)
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            wrong.is_empty(),
            "{line}\n{}\n{document:#}",
            wrong.join("\n")
        );
    }
}

/// A week of two people, every line of it with `--json`.
const LINES: [(i32, &str); 49] = [
    (0, "config"),
    (0, "config tag true"),
    (0, "status"),
    (0, "log"),
    (0, "sync pull"),
    (
        0,
        "generation new v1.0.0 -d First --change add:A:One --change fix:B:Two",
    ),
    (0, "generation edit v1.0.0 --assign A=ann"),
    (0, "generation list"),
    (0, "generation show v1.0.0"),
    (0, "sync push"),
    (0, "evolution start v1.0.0 --change A"),
    (0, "run --list"),
    (0, "run --validate"),
    (0, "run --dry-run"),
    (0, "run"),
    (0, "run --change A"),
    (0, "evolution list v1.0.0"),
    (0, "evolution show v1.0.0/A/rc.1"),
    (0, "evolution start v1.0.0 --change B"),
    (0, "evolution record v1.0.0 --change B --status pass"),
    (0, "evolution start v1.0.0 --change B"),
    (0, "evolution abandon v1.0.0/B/rc.2"),
    (0, "sync push-evolutions v1.0.0"),
    (0, "sync status"),
    (0, "sync status v1.0.0"),
    (0, "status"),
    (0, "promote v1.0.0 --dry-run"),
    (0, "promote v1.0.0"),
    (3, "promote v1.0.0"),
    (0, "log"),
    (0, "notes v1.0.0"),
    (0, "notes ..v1.0.0"),
    (0, "notes --write CHANGELOG.md"),
    (0, "where A"),
    (0, "where HEAD"),
    (0, "verify"),
    (0, "cache rebuild"),
    (0, "cache verify"),
    (0, "query 'SELECT version FROM generations'"),
    (0, "query --schema"),
    (0, "withdraw v1.0.0 --reason 'It leaks'"),
    (0, "generation new v1.1.0 --change add:C:Three"),
    (0, "generation rename v1.1.0 v1.2.0"),
    (0, "generation delete v1.2.0"),
    (0, "generation restore v1.2.0"),
    (0, "hook install"),
    (0, "hook uninstall"),
    (7, "generation show v9.9.9"),
    (2, "generation --no-such-option"),
];

#[test]
fn a_week_in_json_is_as_the_schemas_say() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let mut seen = BTreeMap::new();
    for (code, line) in LINES {
        let ran = ann.sh(&format!("git gryt {line} --json"));
        assert_eq!(ran.code, code, "{line}\n{}{}", ran.out, ran.err);
        let found = documents(&ran.out);
        assert_eq!(found.len(), 1, "{line} prints one document\n{}", ran.out);
        seen.insert(found[0]["schema"].as_str().unwrap().to_owned(), line);
    }
    for line in [
        "sync pull",
        "sync status",
        "doctor",
        "import changesets --dry-run",
    ] {
        let ran = bob.sh(&format!("git gryt {line} --json"));
        let found = documents(&ran.out);
        assert_eq!(found.len(), 1, "{line}: {}{}", ran.out, ran.err);
        seen.insert(found[0]["schema"].as_str().unwrap().to_owned(), line);
    }
    assert!(seen.len() > 30, "{seen:#?}");
}

#[test]
fn a_moment_is_written_one_way() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 && git gryt sync pull");
    let mut moments = Vec::new();
    for line in [
        "log",
        "status",
        "generation show v1.0.0",
        "query 'SELECT promoted_at FROM generations'",
        "query 'SELECT updated_at FROM sync_metadata'",
    ] {
        let out = ann.must(&format!("TZ=UTC git gryt {line} --json"));
        collect(&documents(&out)[0], &mut moments);
    }
    assert!(moments.len() >= 4, "{moments:?}");
    for moment in moments {
        let seconds = moment.len() == "2026-01-02T03:04:05Z".len() && moment.ends_with('Z');
        let offset = moment.len() == "2026-01-02T03:04:05+01:00".len();
        assert!(seconds || offset && !moment.ends_with("+00:00"), "{moment}");
    }
}

/// Whatever reads like a moment.
fn collect(value: &Value, moments: &mut Vec<String>) {
    match value {
        Value::String(text)
            if text.len() > 18
                && b"T ".contains(&text.as_bytes()[10])
                && text.starts_with("20") =>
        {
            moments.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, moments)),
        Value::Object(values) => values.values().for_each(|value| collect(value, moments)),
        _ => {}
    }
}
