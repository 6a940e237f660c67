//! Statements of in-toto about proofs and releases, for tools that read those
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>).

use serde::Serialize;

use super::artifact::Digest;
use super::built;
use super::evolution::EvolutionName;
use super::person::moment;
use super::proof::{Outcome, Proof, StepEnd};
use super::sealed::Sealed;
use super::{Oid, Person, Version, pipeline, policy};

/// One statement: what is said (`predicate`) of which things (`subject`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate,
}

/// `Statement` v1.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const VERIFICATION: &str = "https://slsa.dev/verification_summary/v1";

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Predicate {
    TestResult(TestResult),
    Verification(Box<Verification>),
}

/// A `ResourceDescriptor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<DigestSet>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
enum DigestSet {
    #[serde(rename = "gitCommit")]
    Commit(Oid),
    #[serde(rename = "gitBlob")]
    Blob(Oid),
    #[serde(rename = "sha256")]
    Sha256(Digest),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult {
    result: &'static str,
    configuration: Vec<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    passed_tests: Vec<String>,
    warned_tests: Vec<String>,
    failed_tests: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    verifier: Verifier,
    time_verified: String,
    resource_uri: String,
    policy: Resource,
    input_attestations: Vec<Resource>,
    verification_result: &'static str,
    verified_levels: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Verifier {
    id: String,
}

/// Where a statement's project is.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The ledger's identity.
    pub genesis: Oid,
    /// The cloud's address, without credentials.
    pub address: Option<String>,
}

impl Project {
    fn uri(&self, version: &Version, tag: Option<&str>) -> String {
        match (&self.address, tag) {
            (Some(address), Some(tag)) if address.contains("://") => {
                format!("git+{}@refs/tags/{}", escaped(address), escaped(tag))
            }
            _ => format!("gryt:{}/{version}", self.genesis),
        }
    }
}

/// What a proof says, as the result of a test. One that is void says nothing.
pub(crate) fn of_proof(name: &EvolutionName, at: &Oid, proof: &Proof) -> Option<Statement> {
    if proof.void.is_some() {
        return None;
    }
    let steps = |which: &dyn Fn(StepEnd, bool) -> bool| -> Vec<String> {
        let steps = proof.steps.iter();
        let found = steps.filter(|step| which(step.status, step.allowed));
        found.map(|step| step.name.clone()).collect()
    };
    let failed = |end| matches!(end, StepEnd::Fail | StepEnd::Timeout);
    let warned = steps(&|end, allowed| failed(end) && allowed);
    let configuration = match &proof.pipeline {
        Some(used) => Resource {
            name: Some(pipeline::path(&used.name)),
            digest: Some(DigestSet::Blob(used.blob.clone())),
            ..Resource::default()
        },
        // What was recorded is configured elsewhere: the record itself is all that there is.
        None => Resource {
            name: Some(format!("{name} (recorded)")),
            digest: Some(DigestSet::Commit(at.clone())),
            ..Resource::default()
        },
    };
    Some(Statement {
        kind: STATEMENT,
        subject: vec![Resource {
            name: Some(name.to_string()),
            digest: Some(DigestSet::Commit(proof.commit.clone())),
            ..Resource::default()
        }],
        predicate_type: TEST_RESULT,
        predicate: Predicate::TestResult(TestResult {
            result: match (proof.status, warned.is_empty()) {
                (Outcome::Pass, true) => "PASSED",
                (Outcome::Pass, false) => "WARNED",
                (Outcome::Fail, _) => "FAILED",
            },
            configuration: vec![configuration],
            url: proof
                .evidence
                .as_ref()
                .and_then(|evidence| evidence.url.clone()),
            passed_tests: steps(&|end, _| end == StepEnd::Pass),
            failed_tests: steps(&|end, allowed| failed(end) && !allowed),
            warned_tests: warned,
        }),
    })
}

/// What an entry says of its release commit, and of the artifacts that it sealed where there are any.
/// `policy` is the blob that was sealed with it; `stands` whether it is neither withdrawn nor disputed.
pub(crate) fn of_entry(
    project: &Project,
    sealed: &Sealed,
    tag: Option<&str>,
    policy: Option<&Oid>,
    stands: bool,
) -> Vec<Statement> {
    let version = &sealed.version;
    let uri = project.uri(version, tag);
    let counted = sealed.evolutions.iter().filter(|folded| folded.counted);
    let summary = Verification {
        verifier: Verifier {
            id: who(&sealed.promoter),
        },
        time_verified: moment(&sealed.promoted_at),
        resource_uri: uri.clone(),
        policy: match policy {
            Some(blob) => Resource {
                uri: Some(format!("{uri}#{}", policy::FILE)),
                digest: Some(DigestSet::Blob(blob.clone())),
                ..Resource::default()
            },
            None => Resource {
                uri: Some(format!("gryt:rules/{}", sealed.rules)),
                ..Resource::default()
            },
        },
        input_attestations: counted
            .map(|folded| Resource {
                uri: Some(format!(
                    "gryt:{}/{version}/{}/rc.{}",
                    project.genesis, folded.change, folded.number
                )),
                digest: Some(DigestSet::Commit(folded.tip.clone())),
                ..Resource::default()
            })
            .collect(),
        verification_result: if stands { "PASSED" } else { "FAILED" },
        verified_levels: vec![match stands {
            true => format!("GRYT_PROMOTED_BY_RULES_{}", sealed.rules),
            false => "FAILED".to_owned(),
        }],
    };
    let about = |subject: Vec<Resource>| Statement {
        kind: STATEMENT,
        subject,
        predicate_type: VERIFICATION,
        predicate: Predicate::Verification(Box::new(summary.clone())),
    };
    let mut found = vec![about(vec![Resource {
        name: Some(version.to_string()),
        digest: Some(DigestSet::Commit(sealed.commit.clone())),
        ..Resource::default()
    }])];
    let released = built::released(sealed);
    let settled = released.iter().filter(|released| !released.contested);
    let files: Vec<Resource> = settled
        .flat_map(|released| {
            released.made.iter().map(|made| Resource {
                name: Some(released.name.to_string()),
                digest: Some(DigestSet::Sha256(made.sha256.clone())),
                ..Resource::default()
            })
        })
        .collect();
    if !files.is_empty() {
        found.push(about(files));
    }
    found
}

/// A person as a URI.
fn who(person: &Person) -> String {
    format!("mailto:{}", escaped(&person.email))
}

/// A text as part of a URI (RFC 3986): what is not allowed there is escaped.
fn escaped(text: &str) -> String {
    let mut found = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => found.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' | b'+' | b'=' | b'[' | b']' | b'!'
            | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' => {
                found.push(char::from(byte));
            }
            other => found += &format!("%{other:02X}"),
        }
    }
    found
}
