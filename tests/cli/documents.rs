//! What the documentation shows is what works: its examples run, its schemas agree with the parser.

use std::fs;
use std::path::{Path, PathBuf};

use git_gryt::parts::{Contract, Pipeline, Policy};

use crate::sandbox::{Person, Sandbox};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a page, each with its language.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, block))) => *block += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    found
}

/// Writes each YAML block that begins with the name of its file, and types each line of each shell
/// block, in the order of the page.
fn follow(page: &str, who: &Person) -> String {
    let mut seen = String::new();
    for (language, block) in blocks(page) {
        match language.as_str() {
            "yaml" => {
                if let Some(file) = block
                    .lines()
                    .next()
                    .and_then(|l| l.strip_prefix("# .gryt/"))
                {
                    who.write(&format!(".gryt/{file}"), &block);
                }
            }
            "sh" => {
                for line in block.lines() {
                    seen += &who.must(line);
                }
            }
            other => panic!("a block of {other}"),
        }
    }
    seen
}

#[test]
fn the_example_of_pipelines_runs() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    let seen = follow("pipelines.md", &dev);
    for line in [
        "Would prove v1.0.0/FEAT-101/rc.1",
        "  e2e (after build, docs)",
        "[e2e] passed",
        "Pipeline: release, isolated",
        "Recorded: v1.0.0/FEAT-101/rc.1 passed",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn the_examples_of_queries_run() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt promote v1.0.0");
    dev.must("git gryt generation new v1.1.0 --change add:FEAT-2:Two");
    let seen = follow("query.md", &dev);
    for line in [
        "v1.0.0",
        "FEAT-1",
        "owner,proofs,passed,percent\ndev@example.com,1,1,100",
        "\"promotions\": 1",
        "FEAT-2",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn the_example_of_policy_runs() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [lead] = sandbox.team(["lead"]);
    lead.git("config gryt.publishCommits true");
    let seen = follow("policy.md", &lead);
    for line in [
        "v0.1.0 could be promoted",
        "independent_proof failed, waived: The only one at work today",
        "! v0.1.0 waived independent_proof",
        "The ledger verifies",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn the_example_of_approvals_runs() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [lead] = sandbox.team(["lead"]);
    let seen = follow("approvals.md", &lead);
    for line in [
        "Approved: v0.1.0",
        "Rejected: v0.1.0",
        "Revoked: you neither approve nor reject v0.1.0 any more",
        "v0.1.0 is ready for promotion",
        "v0.1.0 promoted to cloud",
        "The ledger verifies",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

/// The pages that people read, below the top.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "docs/decisions"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                found.push(Path::new(folder).join(name));
            }
        }
    }
    found.sort();
    found
}

/// Where the links of a page lead, those to other sites left out. What stands in a block is no link.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("\n```").step_by(2);
    let links = prose.flat_map(|part| part.split("](").skip(1));
    let targets = links.filter_map(|rest| Some(rest.split_once(')')?.0));
    targets.filter(|to| !to.contains("://")).collect()
}

/// The anchors that a host gives to the headings of a page.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.replace(' ', "-");
        kept.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "")
    };
    headings.map(anchor).collect()
}

#[test]
fn each_link_leads_somewhere_and_each_page_is_in_the_index() {
    let mut lost = Vec::new();
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for link in links(&text) {
            followed += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let beside = root().join(&page);
            let target = match path {
                "" => beside,
                path => beside.parent().unwrap().join(path),
            };
            let known = anchor.is_empty()
                || fs::read_to_string(&target)
                    .is_ok_and(|text| anchors(&text).iter().any(|known| known == anchor));
            if !target.exists() || !known {
                lost.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 100, "{followed}");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let listed = links(&index);
    let of_docs = pages()
        .into_iter()
        .filter(|page| page.parent() == Some(Path::new("docs")));
    for page in of_docs {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(
            name == "README.md" || listed.contains(&name),
            "{name} is not in docs/README.md"
        );
    }
}

/// The files of a folder of fixtures/contracts/, and the schema that their name begins with.
fn fixtures(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = root().join("fixtures/contracts").join(folder);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let kind = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (name.split('-').next().unwrap().to_owned(), path)
    };
    files.map(kind).collect()
}

fn schema(kind: &str) -> jsonschema::Validator {
    let file = root().join(format!("docs/schemas/{kind}.schema.json"));
    let text = fs::read_to_string(&file).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// What the program says of a text.
fn parsed(kind: &str, text: &[u8]) -> Result<(), String> {
    match kind {
        "contract" => {
            let text_version = String::from_utf8_lossy(text);
            let line = text_version
                .lines()
                .find_map(|l| l.strip_prefix("version: "));
            let version = line
                .unwrap_or("v1.0.0")
                .parse()
                .map_err(|e| format!("{e}"))?;
            Contract::parse(text, &version).map(drop)
        }
        "pipeline" => Pipeline::parse(text).map(drop),
        "policy" => Policy::parse(text).map(drop),
        other => panic!("no parser for {other}"),
    }
    .map_err(|invalid| invalid.to_string())
}

#[test]
fn the_schemas_and_the_parser_agree_on_every_fixture() {
    let mut counted = 0;
    for (folder, valid) in [("valid", true), ("invalid", false)] {
        for (kind, path) in fixtures(folder) {
            let text = fs::read(&path).unwrap();
            let said = parsed(&kind, &text);
            assert_eq!(
                said.is_ok(),
                valid,
                "the parser on {}: {said:?}",
                path.display()
            );
            let value: serde_json::Value = serde_yaml::from_slice(&text).unwrap();
            let found = schema(&kind).validate(&value).map_err(|e| e.to_string());
            assert_eq!(
                found.is_ok(),
                valid,
                "the schema on {}: {found:?}",
                path.display()
            );
            counted += 1;
        }
    }
    assert!(counted > 25, "{counted}");
}

#[test]
fn the_example_of_products_runs() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [lead] = sandbox.team(["lead"]);
    lead.tracks(".gryt/unused", "");
    let seen = follow("products.md", &lead);
    for line in [
        "Success: billing/v0.1.0 promoted to cloud",
        "search/v2026.01.02",
        "billing  1",
        "search   1",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn the_roads_of_migrating_can_be_taken() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.must("git gryt config execution_mode local");
    dev.proves("v0.1.0", "FEAT-1");
    dev.must("git gryt promote v0.1.0");
    dev.git("tag v0.0.1");
    dev.git("commit -q --allow-empty -m 'feat: search'");
    crate::imports::original(&dev, ".gryt");
    dev.write(".changeset/a.md", "---\nx: minor\n---\nLog in with a key\n");
    let seen = follow("migrating.md", &dev);
    for line in [
        "Would import v0.0.1: released before gryt",
        "Imported v1.0.0: released before gryt",
        "Imported v1.1.0: a draft",
        "a Log in with a key",
        "There already: a in v1.2.0",
        "Linked: 0",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    let there = dev.at(sandbox.path().join("hosting.git"));
    assert_eq!(there.git("tag"), "v0.1.0");
}

#[test]
fn the_examples_of_hooks_and_ci_run() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-101");
    dev.must("git gryt promote v1.0.0");
    let seen = follow("hooks.md", &dev) + &follow("ci.md", &dev);
    for line in [
        "pre-push is there already",
        "Removed the hook post-merge",
        "ok       deletions: taken",
        "Wrote .github/workflows/gryt.yml",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn the_first_release_in_the_readme_is_one() {
    let blocks = blocks("../README.md");
    let typed = |with: &str| {
        let block = blocks.iter().find(|(_, text)| text.contains(with));
        &block.unwrap_or_else(|| panic!("no block with {with}")).1
    };
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.tracks("app.txt", "one\n");
    // What the reader works on, and leaves as it is in the editor.
    ann.write("app.txt", "two\n");
    let reader = ann.with("EDITOR", "true");
    let told = reader.must(&format!("set -e\n{}", typed("git gryt promote v1.0.0")));
    assert!(told.contains("Ready for promotion: YES"), "{told}");
    assert!(told.contains("v1.0.0 promoted"), "{told}");
    ann.git("rev-parse --verify refs/tags/v1.0.0");
    let shown = reader.must(typed("git show refs/gryt/ledger"));
    assert!(shown.contains("version: v1.0.0"), "{shown}");
}
