//! The common CI engines, as their environment variables show them.

use super::address;

/// What an engine says of the run that this process is part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Engine {
    pub name: &'static str,
    /// Where a person finds the run.
    pub url: Option<String>,
    /// The commit that the run is about.
    pub commit: Option<String>,
    /// Who set it going.
    pub actor: Option<String>,
}

/// One engine's variables: the one that shows it is there, then commit, url and actor.
struct Variables {
    name: &'static str,
    sign: &'static str,
    commit: &'static str,
    url: &'static str,
    actor: &'static str,
}

const ENGINES: [Variables; 4] = [
    Variables {
        name: "GitLab CI",
        sign: "GITLAB_CI",
        commit: "CI_COMMIT_SHA",
        url: "CI_JOB_URL",
        actor: "GITLAB_USER_LOGIN",
    },
    Variables {
        name: "CircleCI",
        sign: "CIRCLECI",
        commit: "CIRCLE_SHA1",
        url: "CIRCLE_BUILD_URL",
        actor: "CIRCLE_USERNAME",
    },
    Variables {
        name: "Buildkite",
        sign: "BUILDKITE",
        commit: "BUILDKITE_COMMIT",
        url: "BUILDKITE_BUILD_URL",
        actor: "BUILDKITE_BUILD_CREATOR",
    },
    Variables {
        name: "Jenkins",
        sign: "JENKINS_URL",
        commit: "GIT_COMMIT",
        url: "BUILD_URL",
        actor: "BUILD_USER_ID",
    },
];

/// What the common engines call the id of a run, the same for all of its attempts.
const RUN_IDS: [&str; 5] = [
    "GITHUB_RUN_ID",
    "CI_PIPELINE_ID",
    "CIRCLE_WORKFLOW_ID",
    "BUILDKITE_BUILD_ID",
    "BUILD_TAG",
];

/// The variables that show that an engine is there, and which run it is.
pub(crate) fn signs() -> impl Iterator<Item = &'static str> {
    let signs = ENGINES.iter().map(|engine| engine.sign);
    signs.chain(["GITHUB_ACTIONS"]).chain(RUN_IDS)
}

/// The engine that runs this process; none outside CI.
pub(crate) fn detect(env: impl Fn(&str) -> Option<String>) -> Option<Engine> {
    if env("GITHUB_ACTIONS").is_some() {
        let whole = |(server, repository, run): (String, String, String)| {
            format!("{server}/{repository}/actions/runs/{run}")
        };
        let parts = env("GITHUB_SERVER_URL")
            .zip(env("GITHUB_REPOSITORY"))
            .zip(env("GITHUB_RUN_ID"));
        return Some(Engine {
            name: "GitHub Actions",
            url: parts.map(|((server, repository), run)| whole((server, repository, run))),
            commit: env("GITHUB_SHA"),
            actor: env("GITHUB_ACTOR"),
        });
    }
    let found = ENGINES.iter().find(|engine| env(engine.sign).is_some())?;
    Some(Engine {
        name: found.name,
        url: env(found.url).map(|url| address::without_credentials(&url)),
        commit: env(found.commit),
        actor: env(found.actor),
    })
}

/// Whether this process runs in CI, of an engine that is known or of any other (which all set `CI`).
pub(crate) fn is_ci(env: impl Fn(&str) -> Option<String>) -> bool {
    let off = |value: &String| matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false");
    env("CI").is_some_and(|value| !off(&value)) || detect(env).is_some()
}

/// The name of the variable that identifies the run, and its value.
pub(crate) fn run_id(env: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    RUN_IDS.iter().find_map(|name| Some((*name, env(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn ci_is_known_by_any_engine() {
        assert!(is_ci(env(&[("CI", "true")])));
        assert!(is_ci(env(&[("JENKINS_URL", "https://ci.example.com")])));
        assert!(!is_ci(env(&[("CI", "false")])) && !is_ci(env(&[])));
    }

    #[test]
    fn each_engine_is_known_by_its_variables() {
        let github = detect(env(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_SHA", "abc"),
            ("GITHUB_ACTOR", "ann"),
        ]))
        .unwrap();
        assert_eq!(
            github.url.as_deref(),
            Some("https://github.com/o/r/actions/runs/7")
        );
        let gitlab = detect(env(&[("GITLAB_CI", "1"), ("CI_COMMIT_SHA", "def")])).unwrap();
        assert_eq!(
            (gitlab.name, gitlab.commit.as_deref()),
            ("GitLab CI", Some("def"))
        );
        let jenkins = detect(env(&[("JENKINS_URL", "x"), ("GIT_COMMIT", "1")])).unwrap();
        assert_eq!(jenkins.name, "Jenkins");
        assert_eq!(detect(env(&[("CIRCLECI", "1")])).unwrap().name, "CircleCI");
        assert_eq!(
            detect(env(&[("BUILDKITE", "1")])).unwrap().name,
            "Buildkite"
        );
        assert_eq!(detect(env(&[])), None);
    }
}
