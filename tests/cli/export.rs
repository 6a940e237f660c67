//! What happened, for other tools: the audit trail, and statements of in-toto (docs/export.md).

use serde_json::{Value, json};

use crate::sandbox::{Person, Sandbox};

/// A `ResourceDescriptor`, as the specification of in-toto has it: something has to identify the resource.
fn resource(also: &[&str]) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "uri": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:\\S+$"},
            "digest": {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "gitCommit": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
                    "gitBlob": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
                    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                },
                "additionalProperties": false,
            },
        },
        "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}, {"required": ["content"]}],
    });
    schema["required"] = json!(also);
    schema
}

/// `Statement` v1 with one of the two predicates, by their specifications:
/// spec/v1/statement.md and spec/predicates/test-result.md of in-toto/attestation, and
/// slsa.dev/spec/v1.0/verification_summary.
fn specification() -> Value {
    let names = json!({"type": "array", "items": {"type": "string"}});
    let statement = |kind: &str, predicate: Value| {
        json!({
            "type": "object",
            "required": ["_type", "subject", "predicateType", "predicate"],
            "properties": {
                "_type": {"const": "https://in-toto.io/Statement/v1"},
                // Subjects are matched by their digests alone.
                "subject": {"type": "array", "minItems": 1, "items": resource(&["digest"])},
                "predicateType": {"const": kind},
                "predicate": predicate,
            },
        })
    };
    let test_result = json!({
        "type": "object",
        "required": ["result", "configuration"],
        "properties": {
            "result": {"enum": ["PASSED", "WARNED", "FAILED"]},
            "configuration": {"type": "array", "minItems": 1, "items": resource(&[])},
            "url": {"type": "string"},
            "passedTests": names,
            "warnedTests": names,
            "failedTests": names,
        },
    });
    let verification = json!({
        "type": "object",
        "required": ["verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"],
        "properties": {
            "verifier": {"type": "object", "required": ["id"],
                         "properties": {"id": {"type": "string", "pattern": "^[a-z]+:\\S+$"}}},
            "timeVerified": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(Z|[+-]\\d\\d:\\d\\d)$"},
            "resourceUri": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:\\S+$"},
            "policy": resource(&["uri"]),
            "inputAttestations": {"type": "array", "items": resource(&["digest"])},
            "verificationResult": {"enum": ["PASSED", "FAILED"]},
            // Levels of others do not begin as SLSA's do.
            "verifiedLevels": {"type": "array", "minItems": 1, "items": {"type": "string", "not": {"pattern": "^SLSA_"}}},
        },
    });
    json!({"oneOf": [
        statement("https://in-toto.io/attestation/test-result/v0.1", test_result),
        statement("https://slsa.dev/verification_summary/v1", verification),
    ]})
}

/// What `who` exports as statements, each checked.
fn statements(who: &Person) -> Vec<Value> {
    let schema = jsonschema::validator_for(&specification()).unwrap();
    let lines = who.must("git gryt export --format in-toto");
    let check = |line: &str| {
        let statement: Value = serde_json::from_str(line).unwrap();
        let wrong: Vec<String> = schema
            .iter_errors(&statement)
            .map(|e| e.to_string())
            .collect();
        assert!(wrong.is_empty(), "{statement:#}\n{wrong:?}");
        statement
    };
    lines.lines().map(check).collect()
}

#[test]
fn everything_that_was_done_is_told_with_who_and_when() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let empty = ann.must("git gryt export --format csv");
    assert_eq!(empty.lines().count(), 1, "{empty}");
    ann.must("ssh-keygen -q -t ed25519 -N '' -f ../key");
    ann.git("config gpg.format ssh");
    ann.git("config user.signingKey ../key");
    ann.git("config gryt.sign true");
    ann.tracks(
        ".gryt/pipelines/pipeline.yaml",
        "artifacts: [app]\nsteps:\n- {name: build, run: 'printf abc > app'}\n\
         - {name: lint, run: 'false', allow_failure: true, needs: []}\n",
    );
    ann.must("git gryt generation new v1.0.0 --change 'add:A:=1+1' -q");
    ann.must("git gryt generation edit v1.0.0 --change fix:B:b -q && git gryt sync push -q");
    ann.must("git gryt evolution start v1.0.0 --change A -q && git gryt run -q");
    ann.must("git gryt evolution record v1.0.0 --change B --status fail");
    ann.must(
        "git gryt evolution record v1.0.0 --change B --status pass --url https://ci.example.com/7",
    );
    ann.must("git gryt approve v1.0.0 -m fine");
    ann.must("git gryt promote v1.0.0 && git gryt withdraw v1.0.0 --reason broken");
    ann.must("git gryt generation new v1.1.0 --change add:C:c -q && git gryt sync push -q");
    bob.must("git gryt sync pull -q");
    // A reader that went away is no failure; a disk that is full is one.
    ann.must("mkfifo go");
    for format in ["in-toto", "json", "csv", "html"] {
        let export = format!("git gryt export --format {format}");
        let said = ann.must(&format!(
            "{{ read -r _ < go; {export}; echo $? > code; }} 2>&1 | {{ exec 0<&-; echo > go; }}; cat code"
        ));
        assert_eq!(said, "0\n", "{format}");
        ann.refused(1, &format!("{export} > /dev/full"));
    }

    let trail: Value = serde_json::from_str(&bob.must("git gryt export --format json")).unwrap();
    assert_eq!(trail["schema"], "gryt.export/1");
    let acts = trail["acts"].as_array().unwrap();
    let kinds: Vec<&str> = acts
        .iter()
        .map(|act| act["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "genesis",
        "contract",
        "edit",
        "start",
        "run",
        "start",
        "record",
        "record",
        "approval",
        "promotion",
        "withdrawal",
        "contract",
    ];
    assert_eq!(kinds, expected, "{acts:#?}");
    let run = &acts[4];
    assert_eq!(run["status"], "pass");
    assert_eq!(run["by"]["email"], "ann@example.com");
    assert_eq!(run["commit"], ann.git("rev-parse main").trim());
    assert!(
        run["signed_by"].as_str().unwrap().starts_with("SHA256:"),
        "{run}"
    );
    assert_eq!(acts[9]["status"], "withdrawn");

    let table = bob.must("git gryt export --format csv");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let header = rows.headers().unwrap().clone();
    assert_eq!(&header[0], "kind");
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), acts.len());
    assert_eq!(&rows[10][7], "broken");

    let told = statements(&bob);
    let results: Vec<&str> = told
        .iter()
        .filter_map(|s| s["predicate"]["result"].as_str())
        .collect();
    assert_eq!(results, ["WARNED", "FAILED", "PASSED"]);
    let proof = &told[0];
    let head = ann.git("rev-parse main");
    assert_eq!(proof["subject"][0]["digest"]["gitCommit"], head.trim());
    let blob = ann.git("rev-parse main:.gryt/pipelines/pipeline.yaml");
    assert_eq!(
        proof["predicate"]["configuration"][0]["digest"]["gitBlob"],
        blob.trim()
    );
    assert_eq!(proof["predicate"]["warnedTests"], json!(["lint"]));
    assert_eq!(told[2]["predicate"]["url"], "https://ci.example.com/7");
    let [of_commit, of_artifacts] = &told[3..] else {
        panic!("{told:#?}");
    };
    assert_eq!(of_commit["subject"][0]["digest"]["gitCommit"], head.trim());
    assert_eq!(of_commit["predicate"]["verificationResult"], "FAILED");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        of_artifacts["subject"],
        json!([{"name": "app", "digest": {"sha256": digest}}])
    );
}
