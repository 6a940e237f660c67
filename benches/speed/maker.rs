//! Objects of projects of any age, made the same every time: promotions spread as real versions are, and the
//! same open work on top.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use git_gryt::parts::{
    Attempt, Author, Beside, Content, Contract, Evolution, EvolutionName, Folded, Gate, GateName,
    Git, Ident, Ledger, Oid, Outcome, Person, PipelineUsed, Proof, RuleSet, Sealed, Signature,
    Stamp, StepEnd, StepResult, Store, Verdict, Version,
};

/// Changes of each version, promoted or drafted.
const CHANGES: u64 = 10;
/// Patches to a minor, and minors to a major.
const PATCHES: u64 = 50;
const MINORS: u64 = 10;
/// How many promotions are made before their objects become a pack.
const BATCH: u64 = 500;

/// What every proof was made with.
const PIPELINE: &str = "steps:\n- name: check\n  run: 'true'\n";

/// The contract of every version.
fn contract(version: &Version, serial: u64) -> String {
    let mut text = format!("version: {version}\ndescription: \"Release {serial}\"\nchanges:\n");
    for change in 0..CHANGES {
        let kind = ["add", "fix", "refine", "remove"][(change % 4) as usize];
        text += &format!(
            "  - type: {kind}\n    id: CHG-{serial}-{change}\n    title: \"Change {change} of \
             release {serial}\"\n    assignee: dev-{}\n",
            change % 7
        );
    }
    text
}

struct Maker<'a> {
    store: &'a Store,
    count: u64,
}

impl Maker<'_> {
    /// The next moment and a number that was never given out.
    fn tick(&mut self) -> (Stamp, String) {
        self.count += 1;
        let seconds = i64::try_from(self.count).unwrap_or(i64::MAX);
        let at = chrono::DateTime::from_timestamp(1_577_836_800 + seconds, 0);
        let at = at.unwrap_or_default().fixed_offset();
        (at, format!("{:032x}", self.count))
    }

    fn by(&mut self, who: u64) -> (Author, Person, String) {
        let (at, nonce) = self.tick();
        let person = Person {
            name: format!("Dev {who}"),
            email: format!("dev-{who}@example.com"),
        };
        let ident = Ident {
            person: person.clone(),
            at,
        };
        let author = Author {
            author: ident.clone(),
            committer: ident,
            sign: false,
        };
        (author, person, nonce)
    }

    fn code(&mut self, parent: Option<&Oid>, serial: u64) -> Result<Oid> {
        let (author, ..) = self.by(0);
        let text = format!("release {serial}\n");
        let places = [("app.txt".to_owned(), Content::Blob(text.as_bytes()))];
        let more = [
            (
                ".gryt/pipelines/pipeline.yaml".to_owned(),
                Content::Blob(PIPELINE.as_bytes()),
            ),
            (
                ".gryt/.gitignore".to_owned(),
                Content::Blob(b"/generations/\n"),
            ),
        ];
        let tree = self
            .store
            .write_tree(None, &[&places[..], &more].concat())?;
        let parents: Vec<&Oid> = parent.into_iter().collect();
        self.store
            .write_commit(&author, &tree, &parents, &format!("Release {serial}\n"))
    }

    fn draft(&mut self, version: &Version, serial: u64) -> Result<(Oid, Contract)> {
        let text = contract(version, serial);
        let (author, _, nonce) = self.by(0);
        let root = self
            .store
            .write_draft_root(&author, version, text.as_bytes(), &nonce)?;
        Ok((root, Contract::parse(text.as_bytes(), version)?))
    }

    /// An evolution of the change at that place, proven at `commit` where one is given.
    fn evolution(
        &mut self,
        contract: &Contract,
        (root, at, number): (&Oid, usize, u32),
        commit: Option<(&Oid, &Oid)>,
    ) -> Result<Attempt> {
        let change = &contract.changes[at];
        let (author, owner, nonce) = self.by(at as u64 % 7);
        let evolution = Evolution {
            version: contract.version.clone(),
            generation: root.clone(),
            change: change.id.clone(),
            owner: owner.clone(),
            started: author.author.at,
        };
        let first = self
            .store
            .write_evolution(&author, &evolution, None, &nonce)?;
        let mut attempt = Attempt {
            pinned: true,
            name: EvolutionName {
                version: contract.version.clone(),
                change: change.id.clone(),
                number,
            },
            tree: self.store.commit(&first)?.tree,
            root: first.clone(),
            tip: first,
            evolution,
            proof: None,
            proven_by: None,
            signature: Signature::Missing,
            abandoned: None,
            claim: None,
            cover: None,
            branch: None,
            unheard: None,
        };
        let Some((commit, tree)) = commit else {
            return Ok(attempt);
        };
        let (author, ..) = self.by(at as u64 % 7);
        let proof = Proof {
            status: Outcome::Pass,
            void: None,
            commit: commit.clone(),
            tree: tree.clone(),
            change: change.clone(),
            pipeline: Some(PipelineUsed {
                name: "pipeline".into(),
                blob: Store::blob_id(PIPELINE.as_bytes())?,
            }),
            isolated: false,
            steps: vec![StepResult {
                name: "check".into(),
                status: StepEnd::Pass,
                exit: Some(0),
                duration_ms: 12,
                tries: 1,
                allowed: false,
            }],
            artifacts: Vec::new(),
            evidence: None,
            patches: None,
            by: owner,
            host: "bench".into(),
            at: author.author.at,
        };
        let log = [("logs/check.log".to_owned(), Content::Blob(b"checked\n"))];
        attempt.tip = self.store.write_proof(&author, &attempt, &proof, &log)?;
        attempt.tree = self.store.commit(&attempt.tip)?.tree;
        attempt.proof = Some(proof);
        Ok(attempt)
    }

    fn promotion(&mut self, ledger: &Ledger, code: &Oid, serial: u64) -> Result<Ledger> {
        let (patch, minor) = (serial % PATCHES, serial / PATCHES);
        let text = format!("v{}.{}.{patch}", 1 + minor / MINORS, minor % MINORS);
        let version: Version = text.parse()?;
        let tree = self.store.commit(code)?.tree;
        let (root, contract) = self.draft(&version, serial)?;
        let mut folded = Vec::new();
        for at in 0..contract.changes.len() {
            let attempt = self.evolution(&contract, (&root, at, 1), Some((code, &tree)))?;
            folded.push(Folded {
                change: attempt.name.change,
                number: attempt.name.number,
                tip: attempt.tip,
                owner: attempt.evolution.owner,
                counted: true,
            });
        }
        let (author, promoter, id) = self.by(0);
        let gates = [
            Gate::HasChanges,
            Gate::ChangesProven,
            Gate::ProofCoversRelease,
            Gate::UnprovenCommits,
        ];
        let passed = |gate: Gate| Verdict {
            gate: GateName::Known(gate),
            passed: true,
            missing: Vec::new(),
            warnings: Vec::new(),
            only: None,
            excuse: None,
        };
        let sealed = Sealed {
            version,
            promotion: id,
            commit: code.clone(),
            tree,
            generation: root.clone(),
            draft: root,
            promoter,
            rules: RuleSet::CURRENT,
            mailmap: None,
            promoted_at: author.author.at,
            gates: gates.map(passed).into(),
            unproven: None,
            artifacts: Vec::new(),
            artifacts_of: None,
            evolutions: folded,
            approvals: Vec::new(),
        };
        let entry =
            self.store
                .write_promotion(&author, ledger, &sealed, None, Beside::default())?;
        Ok(Ledger::new(entry.clone(), entry))
    }
}

/// Makes one pack of all objects that are files of their own.
fn pack_loose(git: &Git) -> Result<()> {
    let mut names = String::new();
    for folder in fs::read_dir("objects")? {
        let folder = folder?;
        let head = folder.file_name().to_string_lossy().into_owned();
        if head.len() != 2 {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let tail = file?.file_name();
            names += &format!("{head}{}\n", tail.to_string_lossy());
        }
    }
    let args = ["pack-objects", "--quiet", "--window=0", "objects/pack/pack"];
    if !git.run(&args, names.as_bytes())?.ok() {
        bail!("git cannot pack what was made");
    }
    git.read(&["prune-packed", "--quiet"])?;
    Ok(())
}

/// Fills the empty bare repository that is the current folder with promotions.
pub(crate) fn age(promotions: u64) -> Result<()> {
    let store = &Store::open(Path::new("."))?;
    let mut maker = Maker { store, count: 0 };
    let (author, _, nonce) = maker.by(0);
    let genesis = store.write_genesis(&author, &nonce)?;
    let mut ledger = Ledger::new(genesis.clone(), genesis);
    let mut code = maker.code(None, 0)?;
    for serial in 0..promotions {
        code = maker.code(Some(&code), serial + 1)?;
        ledger = maker.promotion(&ledger, &code, serial)?;
        if serial % BATCH == BATCH - 1 {
            pack_loose(store.git())?;
        }
    }
    let updates = format!(
        "create refs/heads/main {code}\ncreate refs/gryt/ledger {}\n",
        ledger.tip
    );
    fs::write("updates", updates).context("the refs cannot be kept")
}

/// Leaves a stream for `git fast-import` in `stream`: a branch of that many commits, and a pipeline
/// in the last.
pub(crate) fn history(commits: u64) -> Result<()> {
    let mut stream = BufWriter::new(fs::File::create("stream")?);
    for nth in 0..commits {
        let text = format!("line {nth}\n");
        let (at, folder) = (1_577_836_800 + nth * 60, nth % 1000);
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter Dev 0 <dev-0@example.com> {at} +0000\n\
             data 5\nstep\n\nM 100644 inline src/{}/{}.txt\ndata {}\n{text}",
            folder / 100,
            folder % 100,
            text.len(),
        )?;
    }
    for (path, text) in [
        (".gryt/pipelines/pipeline.yaml", PIPELINE),
        (".gryt/.gitignore", "/generations/\n"),
    ] {
        let size = text.len();
        writeln!(stream, "M 100644 inline {path}\ndata {size}\n{text}")?;
    }
    stream.flush().context("the history cannot be kept")
}

/// Adds open work to the repository that is the current folder: drafts `v900.FROM.0` and later.
pub(crate) fn open_work(from: u64, drafts: u64, evolutions: u64) -> Result<()> {
    let store = &Store::open(Path::new("."))?;
    // Later than every promotion.
    let mut maker = Maker {
        store,
        count: 100_000_000 + from * 1000,
    };
    let code = store.resolve("HEAD")?;
    let tree = store.commit(&code)?.tree;
    let mut updates = String::new();
    for draft in from..from + drafts {
        let version: Version = format!("v900.{draft}.0").parse()?;
        let (root, contract) = maker.draft(&version, 1_000_000 + draft)?;
        updates += &format!("create refs/gryt/generations/{version} {root}\n");
        for nth in 0..evolutions / drafts {
            let at = (nth % CHANGES) as usize;
            let number = u32::try_from(nth / CHANGES)? + 1;
            // Two of three are proven.
            let proven = (nth % 3 != 2).then_some((&code, &tree));
            let attempt = maker.evolution(&contract, (&root, at, number), proven)?;
            updates += &format!(
                "create refs/gryt/evolutions/{} {}\n",
                attempt.name, attempt.tip
            );
        }
    }
    fs::write("updates", updates).context("the refs cannot be kept")
}
