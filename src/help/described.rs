//! What each command does, for its man page, in the part of Markdown that `markdown` reads.

/// A command by the words that lead to it, its description, and the commands that one may want next.
pub(super) type Described = (&'static str, &'static str, &'static [&'static str]);

/// All commands and groups of commands.
pub(super) const DESCRIBED: &[Described] = &[
    (
        "",
        "A team declares what a version must contain, each developer proves one change of it by running a pipeline at \
         a commit, and one person promotes the version: it is then recorded. Nobody can change it afterwards, and if \
         two people promote it at the same time, only one succeeds. All of this is git commits under `refs/gryt/*` \
         in the repository that the team shares already.\n\n\
         `gitgryt(7)` explains the terms. `gitgryt-tutorial(7)` shows a release of two people, command by command.",
        &[],
    ),
    (
        "init",
        "Writes `.gryt/` with settings and a sample pipeline, unless they are there already, and pulls the drafts \
         and releases of the team. Nothing that exists is replaced. Commit what was written.\n\n\
         With `--ci` it also writes a job that proves, and promotes, in a CI engine.",
        &["import", "generation new", "config", "hook install"],
    ),
    (
        "import",
        "Imports what a project has from before git gryt: tags of earlier releases, changesets, or the record of \
         the original tool. `--dry-run` shows what would be imported. Tags become entries of the ledger, so \
         that their versions are taken and `git gryt where` answers for them.",
        &["init", "log", "where"],
    ),
    (
        "demo",
        "Makes a bare repository and four clones in a temporary folder, plays a release of a lead and three \
         developers in them, and then two developers who race for one version. Each command is shown with its real \
         output. Your own repositories are not touched.",
        &["init"],
    ),
    (
        "generation",
        "A generation is a release contract: one version, a description, a list of changes. Until it is promoted it \
         is a draft, which everybody on the team can edit. A draft is also a file, \
         `.gryt/generations/VERSION.yaml`; the next pull or push takes in what you edit there.",
        &["sync push", "evolution", "promote"],
    ),
    (
        "generation new",
        "Declares a draft of a version in this clone. The version is yours once it is shared: \
         `git gryt sync push`. With `--next` the version is the next one that nobody has. With \
         `--from-commits` the changes are proposed from the messages of the commits since the last release.",
        &["generation edit", "sync push", "evolution start"],
    ),
    (
        "generation edit",
        "Changes the contract of a draft. Without options it opens the draft in your editor. Edits of other people \
         are merged with yours by the next pull, change by change.",
        &["generation show", "generation resolve", "sync push"],
    ),
    (
        "generation rename",
        "Renames a draft, with your evolutions of it. Where the draft is published, the old name is \
         deleted in the cloud, and `git gryt sync push` publishes the new one. It is refused where other people have evolutions under the old name.",
        &["generation delete", "sync push"],
    ),
    (
        "generation delete",
        "Deletes a draft, for everybody where it is published. A deleted draft can be restored for 30 days. What was \
         promoted is never deleted; see `git-gryt-withdraw(1)`.",
        &["generation restore", "withdraw"],
    ),
    (
        "generation restore",
        "Brings back a draft that was deleted within the last 30 days, with its approvals.",
        &["generation delete"],
    ),
    (
        "generation resolve",
        "Ends a conflict that a pull found: both sides changed the same field of a change. Without options it opens \
         the draft with both sides in your editor. You choose only where the two differ; the rest is \
         merged.",
        &["sync pull", "generation edit"],
    ),
    (
        "generation list",
        "Lists the drafts of this clone with their sync states, and the versions that were promoted last.",
        &["status", "log", "generation show"],
    ),
    (
        "generation show",
        "Shows the contract of a draft or of a promoted version, and for each change how far it is proven.",
        &["why", "sync status", "notes"],
    ),
    (
        "evolution",
        "An evolution is one developer's attempt to prove one change: rc.1, rc.2 and so on. Its name is \
         `VERSION/CHANGE/rc.N`. Each belongs to the person who started it.",
        &["run", "sync push-evolutions"],
    ),
    (
        "evolution start",
        "Starts an evolution of a change. `git gryt run` then proves the change that was started last in this \
         worktree, until another one is started.",
        &["run", "evolution record", "sync push-evolutions"],
    ),
    (
        "evolution record",
        "Records a result that was found elsewhere as a proof: the result of a CI engine's job, or reports in the \
         JUnit form. In a CI engine that is known, the commit and the address of the job come from its \
         environment.",
        &["run", "evolution show"],
    ),
    (
        "evolution abandon",
        "Ends an evolution. One that proved nothing disappears; one that did stays in the record with the \
         reason, and does not count.",
        &["evolution start", "evolution list"],
    ),
    (
        "evolution list",
        "Lists the evolutions of a version: of which change, whose, and how the last proof ended.",
        &["evolution show", "generation show"],
    ),
    (
        "evolution show",
        "Shows one evolution with its last proof: the commit, the pipeline, each step and how it ended.",
        &["evolution list", "run"],
    ),
    (
        "run",
        "Runs a pipeline at the commit that is checked out, and records the result as a proof of the change that was \
         started last. The pipeline is the one that the commit holds. Steps run in the working tree, unless \
         `--isolated` gives them a temporary worktree. Where tracked files have edits that are not committed, it \
         is refused.\n\n\
         A proof is shared by `git gryt sync push-evolutions`. The exit status is 5 where the pipeline failed; \
         that is recorded, too.",
        &[
            "evolution start",
            "evolution record",
            "sync push-evolutions",
        ],
    ),
    (
        "sync",
        "Everything that a team shares goes through these commands. The cloud is a git remote: `origin`, or the only \
         one, unless the setting `remote` names another one.",
        &["status", "config", "doctor"],
    ),
    (
        "sync pull",
        "Fetches what the team has, checks it, and takes it over: drafts, evolutions, approvals, and what was \
         promoted. Drafts that both sides edited are merged. What fails its check is reported and ignored. 'News' \
         lists what others did since the last pull.\n\n\
         Where a person has to choose between two edits, everything else is taken over and the exit status is 6.",
        &["generation resolve", "sync push", "sync watch"],
    ),
    (
        "sync push",
        "Publishes the drafts of this clone that the cloud lacks, and the edits of those that it has. It refuses a \
         version that somebody else declared first, with exit status 3, and the message says how to rename yours. \
         `--republish` pushes again what the cloud has lost.",
        &["sync pull", "sync push-evolutions", "generation rename"],
    ),
    (
        "sync push-evolutions",
        "Publishes your evolutions with their proofs. A proof whose commit no branch of the cloud has is refused with \
         exit status 4: push your branch first, or name `--with-commits`.",
        &["run", "sync push"],
    ),
    (
        "sync watch",
        "Asks the cloud again and again, and prints what others push there, until it is interrupted. `--exec` runs a shell \
         command for each piece of news.",
        &["sync pull"],
    ),
    (
        "sync backfill",
        "Joins drafts of the same version that were made separately, here and in the cloud, and have the same text, so \
         that they are one draft from then on. Drafts that differ are listed.",
        &["sync pull", "generation resolve"],
    ),
    (
        "sync move",
        "Takes the ledger and everything that is shared beside it to another prefix or to another remote. The \
         old place is closed by an entry, so that nobody goes on there. Other clones go along with \
         `git gryt sync move --follow`. What is cut short is finished by the same command, typed again.",
        &["sync status", "doctor"],
    ),
    (
        "sync status",
        "Without a version it compares each draft with the cloud. With one it says of each change how far it is \
         proven, and whether the version is ready for promotion. `--offline` answers from what was last seen, \
         and says so.",
        &["status", "why", "sync pull"],
    ),
    (
        "why",
        "Lists what has to happen before a version can be promoted, in order: who has to do it, and the command to \
         type. Evolutions, proofs, gates of both policies and approvals are looked at.",
        &["sync status", "approve", "promote"],
    ),
    (
        "approve",
        "Says yes or no, as one person, to exactly one contract, one commit and one pair of policies. If one of them \
         changes, the approval no longer counts. In a project with a cloud it is pushed at once. A rejection also \
         holds for later commits and edits, until its author revokes it.",
        &["why", "promote"],
    ),
    (
        "promote",
        "Seals a draft as a release: adds an entry to the ledger, which refers to the contract, the release commit, and \
         each evolution and approval that counted, and creates a git tag. In a project with a cloud it is one fetch \
         and one push; a promotion that did not reach the cloud did not happen.\n\n\
         The exit status is 3 where somebody else promoted the version first, 4 where this clone or the branch is \
         out of step with the cloud, and 5 where a gate refuses. `--dry-run` changes nothing and exits as the promotion \
         would.",
        &["why", "approve", "withdraw", "log"],
    ),
    (
        "withdraw",
        "Marks a release as not to be used, with a reason; everybody sees it at their next pull. Its entry stays in the \
         ledger, its version stays taken, and its tag stays.",
        &["log", "promote"],
    ),
    (
        "notes",
        "Prints what a version brings, or several: the changes by type with breaking ones first, links to where they \
         are tracked, who approved it, and the digests of what was built. Without a version it takes the last release. \
         `--write FILE` keeps a changelog, and touches nothing in it that people wrote.",
        &["log", "generation show", "where"],
    ),
    (
        "status",
        "Shows where this clone stands: its mode and its cloud, the current evolution, the drafts with their sync \
         states, and what is not shared. The cloud is not asked.",
        &["sync status", "generation list", "board"],
    ),
    (
        "board",
        "Shows on one screen the drafts, the changes of one version by how far they are, what waits for whom, and the \
         latest releases, and below them the command to type next for what is chosen. `?` lists the keys: arrows \
         or `j` and `k` move, Tab goes to the next list, Enter opens a version or a change, `/` filters, `c` copies \
         the command, `p` runs `git gryt sync pull`, `q` quits.\n\n\
         It looks at this clone once a second and shows what other processes changed. The cloud is asked only by \
         `p`, or again and again with `--pull`. Without a terminal it exits with 2; `--once` prints it as text, as \
         wide and as high as COLUMNS and LINES say.",
        &["status", "why", "sync watch"],
    ),
    (
        "log",
        "Lists the entries of the ledger, the latest first: what was promoted, when, by whom, and at which commit; what \
         was imported; and what was withdrawn.",
        &["where", "verify", "notes"],
    ),
    (
        "where",
        "Says in which version a change or a commit was shipped, who proved it, and whether the release was withdrawn \
         since.",
        &["log", "notes"],
    ),
    (
        "verify",
        "Checks every entry of the ledger again, from the objects that it refers to: contracts, proofs, approvals, \
         signatures, and each gate of both policies. Each entry has its own verdict. It exits with 9 if a claim \
         of an entry does not hold.\n\n\
         With `--file` it says to which release a file belongs.",
        &["log", "doctor"],
    ),
    (
        "query",
        "Runs one SQL statement (SELECT, WITH or EXPLAIN) on tables and views of what this clone has. `--schema` \
         prints them. It reads the cache, which is a copy of what git holds.",
        &["export", "cache rebuild"],
    ),
    (
        "export",
        "Prints the audit trail as JSON or CSV, one in-toto statement per line for each proof and each release, or a \
         page of releases and drafts for a browser.",
        &["query", "verify"],
    ),
    (
        "config",
        "Shows or changes a setting. Without `--shared` it is written to this repository's git configuration. What \
         sends the state of a clone somewhere is never read from a tracked file. `--list` shows each setting with its \
         value and where it comes from.",
        &["doctor"],
    ),
    (
        "hook",
        "Installs hooks of `git gryt` next to those that you have. A hook of yours is run first and is never replaced.",
        &["doctor", "config"],
    ),
    (
        "hook install",
        "Installs the hooks that are named, or all three. Where another tool manages the hooks, nothing is \
         written, and the message says what to add to that tool's file.",
        &["hook uninstall", "config"],
    ),
    (
        "hook uninstall",
        "Removes the hooks again. What was there before is put back as it was.",
        &["hook install"],
    ),
    (
        "hook run",
        "Runs what a hook runs. Git starts it; hook managers call it by this name.",
        &["hook install"],
    ),
    (
        "doctor",
        "Checks the repository, its settings, its hooks and its refs, and prints, for each problem, the command that \
         solves it. `--remote` also tries what the cloud's host takes.",
        &["verify", "config", "cache verify"],
    ),
    (
        "cache",
        "The cache is a copy of what git holds, in SQLite. Commands keep it in step by themselves, and it can be \
         deleted at any time.",
        &["query", "doctor"],
    ),
    (
        "cache rebuild",
        "Deletes the cache and reads everything from git again.",
        &["cache verify"],
    ),
    (
        "cache verify",
        "Compares the cache with what git holds now, and says where they differ.",
        &["cache rebuild"],
    ),
    (
        "setup",
        "Writes the man pages, and the completions for bash, zsh and fish, where man and the shells of this user look. \
         It says what it wrote and what to add to a shell's start file. What somebody else wrote under the same \
         name is left alone. `--undo` removes what setups wrote, and the folders that they made.",
        &["man", "completions"],
    ),
    (
        "man",
        "Prints the source of a man page, of a command or of a guide: `git gryt man promote | man -l -` shows it \
         where nothing is installed. `--to` writes all pages into a folder, for packagers.",
        &["setup", "help"],
    ),
    (
        "completions",
        "Prints the script by which a shell completes `git gryt`. It works through git's own completion. Versions, \
         changes and other names are read from this clone's refs; the cloud is not asked.",
        &["setup"],
    ),
    (
        "help",
        "Prints the help of a command, or opens a guide: `concepts` or `tutorial`. Without an argument it lists the \
         commands.",
        &["man", "setup"],
    ),
];

/// The description of a command.
pub(super) fn of(path: &str) -> Option<&'static Described> {
    DESCRIBED.iter().find(|(known, _, _)| *known == path)
}
