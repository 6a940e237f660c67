//! The third act: five people, two of whom approve, and what does not slip through.

use anyhow::Result;

use super::Stage;

const POLICY: &str = "\
approvals: [{need: 2, from: [qa@example.com, lead@example.com]}]
gates: {unproven_commits: require}
";
/// Builds what the team ships, beside the checks that every change passes.
const PIPELINE: &str = "\
artifacts: [dist/app]
steps:
- {name: build, run: mkdir -p dist && cat *.rs > dist/app}
";

impl Stage<'_> {
    pub(super) fn team_of_five(&self) -> Result<()> {
        self.said(
            "Three: a team of five. By their policy two people approve each release, qa and the \
             lead, and each new commit is proven.",
        );
        self.rules()?;
        self.two_changes()?;
        self.undeclared_commit()?;
        self.agreed()?;
        self.file_of_a_stranger()
    }

    /// The lead writes the policy, and a pipeline that builds.
    fn rules(&self) -> Result<()> {
        self.joins("qa")?;
        self.prepares("lead", "git pull -q && git gryt sync pull")?;
        self.writes("lead", ".gryt/policy.yaml", POLICY)?;
        self.writes("lead", ".gryt/pipelines/release.yaml", PIPELINE)?;
        self.writes("lead", ".gitignore", "dist/\n")?;
        self.does("lead", "cat .gryt/policy.yaml")?;
        self.does(
            "lead",
            "git add . && git commit -qm 'Ask for approvals' && git push -q",
        )?;
        self.does(
            "lead",
            "git gryt generation new v2.1.0 --change 'add:FEAT-201:Export as CSV' \
             --change 'fix:BUG-60:Time zones'",
        )?;
        self.does("lead", "git gryt sync push")
    }

    fn two_changes(&self) -> Result<()> {
        for (who, change, file) in [("dev-a", "FEAT-201", "csv"), ("dev-b", "BUG-60", "zones")] {
            self.prepares(who, "git pull -q && git gryt sync pull")?;
            self.commits(who, change, file)?;
            self.prepares(who, &format!("git gryt run --start --change {change}"))?;
            self.prepares(who, "git push -q && git gryt sync push-evolutions")?;
        }
        self.said(
            "dev-a and dev-b have proven both changes, as before. qa tries it, and approves.",
        );
        self.prepares("qa", "git pull -q")?;
        self.does("qa", "git gryt sync pull")?;
        self.does("qa", "git gryt approve v2.1.0 -m 'Tried on the old server'")
    }

    fn undeclared_commit(&self) -> Result<()> {
        self.said("dev-c pushes something that nobody declared. The lead wants to release the tip of main.");
        self.prepares("dev-c", "git pull -q")?;
        self.commits("dev-c", "a tracker", "tracker")?;
        self.does("dev-c", "git push -q")?;
        self.prepares("lead", "git pull -q && git gryt sync pull")?;
        self.ends("lead", "git gryt promote v2.1.0 --commit main", 5)?;
        self.said("It is wanted after all: the lead declares it, and dev-c proves it.");
        self.does(
            "lead",
            "git gryt generation edit v2.1.0 --change 'add:FEAT-202:A tracker'",
        )?;
        self.does("lead", "git gryt sync push")?;
        self.prepares("dev-c", "git gryt sync pull")?;
        self.does("dev-c", "git gryt run release --start --change FEAT-202")?;
        self.does("dev-c", "git gryt sync push-evolutions")
    }

    fn agreed(&self) -> Result<()> {
        self.said("What qa approved is not what would be released now. The next pull says so.");
        self.prepares("qa", "git pull -q")?;
        self.does("qa", "git gryt sync pull")?;
        self.prepares("lead", "git gryt sync pull")?;
        self.ends("lead", "git gryt promote v2.1.0", 5)?;
        self.does("qa", "git gryt approve v2.1.0")?;
        self.does("lead", "git gryt approve v2.1.0")?;
        self.does("lead", "git gryt promote v2.1.0")?;
        self.does("lead", "git gryt notes v2.1.0")
    }

    /// Whoever has a file and a clone asks which release it is of.
    fn file_of_a_stranger(&self) -> Result<()> {
        self.said("Somebody who has downloaded a file, and has a clone, asks what it is.");
        self.prepares(
            ".",
            "git clone -q hosting.git stranger && cp dev-c/dist/app stranger/app",
        )?;
        self.does("stranger", "git gryt sync pull")?;
        self.does("stranger", "git gryt verify --file app")?;
        self.said("The same file, with something added.");
        self.does("stranger", "echo '// and a virus' >> app")?;
        self.ends("stranger", "git gryt verify --file app", 9)
    }
}
