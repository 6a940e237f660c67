//! Running a pipeline: its steps, side by side where they do not wait for each other.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::group::{self, End};
use super::log::Keeper;
use super::mask::Secrets;
use super::{Interrupt, Log, shell};
use crate::model::pipeline::{Pipeline, Step};
use crate::model::proof::{StepEnd, StepResult};
use crate::model::schedule::{self, State};

/// What to run, where.
pub(crate) struct Job<'a> {
    pub pipeline: &'a Pipeline,
    /// The top of the working tree.
    pub top: &'a Path,
    /// Variables that every step gets, and those that none does.
    pub env: &'a [(&'a str, String)],
    pub without: &'a [&'a str],
    /// Values that no log may hold, besides those that the pipeline and the environment name.
    pub secrets: &'a [String],
    /// How many steps run at once.
    pub jobs: usize,
}

/// What happens while a pipeline runs.
#[derive(Debug)]
pub(crate) enum News<'a> {
    Started {
        step: &'a str,
    },
    /// What it printed, secrets masked.
    Output {
        step: &'a str,
        bytes: &'a [u8],
    },
    /// It failed and is tried again.
    Again {
        step: &'a str,
        attempt: u32,
    },
    /// It left processes behind, which were ended.
    Left {
        step: &'a str,
    },
    Ended {
        result: &'a StepResult,
    },
}

/// What a pipeline came to.
#[derive(Debug)]
pub(crate) struct Finished {
    /// In the order of the file; those that never ran are skipped.
    pub results: Vec<StepResult>,
    /// By step.
    pub logs: Vec<(String, Log)>,
    /// Whether the user ended it.
    pub interrupted: bool,
}

enum Message {
    Output(Vec<u8>),
    Again(u32),
    Left,
    Ended(Result<Done>),
}

struct Done {
    end: End,
    millis: u64,
    tries: u32,
    log: Option<Log>,
}

/// Runs the pipeline.
///
/// # Errors
/// The shell cannot be started, or there is no place for what it prints. A step that fails is no
/// error.
pub(crate) fn run(
    job: &Job<'_>,
    interrupt: &Interrupt,
    mut heard: impl FnMut(News<'_>),
) -> Result<Finished> {
    let steps = &job.pipeline.steps;
    let needs = job.pipeline.needs();
    let secrets = secrets(job.pipeline, job.secrets)?;
    let mut progress = Progress::over(steps);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<(usize, Message)>(64);
        loop {
            let jobs = if progress.is_over() { 0 } else { job.jobs };
            let next = schedule::next(&needs, &progress.states, jobs);
            for at in next.skip {
                progress.end(at, skipped(&steps[at]), &mut heard);
                // What waits for it cannot run, whether or not it was allowed to fail.
                progress.states[at] = State::Stopped;
            }
            for at in next.start {
                progress.states[at] = State::Running;
                let step = &steps[at];
                heard(News::Started { step: &step.name });
                let (sender, secrets) = (sender.clone(), &secrets);
                scope.spawn(move || {
                    let done = perform(job, step, secrets, interrupt, &|message| {
                        tell(&sender, at, message);
                    });
                    tell(&sender, at, Message::Ended(done));
                });
            }
            if !progress.states.contains(&State::Running) {
                break;
            }
            // A sender is held here, so that the channel never closes before the last one ended.
            let Ok((at, message)) = receiver.recv() else {
                break;
            };
            progress.hear(at, message, &mut heard);
        }
    });
    progress.finish(interrupt)
}

/// How far a run has come: what became of each step.
struct Progress<'a> {
    steps: &'a [Step],
    states: Vec<State>,
    results: Vec<Option<StepResult>>,
    logs: HashMap<usize, Log>,
    interrupted: bool,
    failure: Option<anyhow::Error>,
}

impl<'a> Progress<'a> {
    fn over(steps: &'a [Step]) -> Self {
        Self {
            steps,
            states: vec![State::Waiting; steps.len()],
            results: vec![None; steps.len()],
            logs: HashMap::new(),
            interrupted: false,
            failure: None,
        }
    }

    /// Whether nothing more is to be started.
    fn is_over(&self) -> bool {
        self.interrupted || self.failure.is_some()
    }

    fn end(&mut self, at: usize, result: StepResult, heard: &mut impl FnMut(News<'_>)) {
        self.states[at] = match result.spoils() {
            true => State::Stopped,
            false => State::Done,
        };
        heard(News::Ended { result: &result });
        self.results[at] = Some(result);
    }

    fn hear(&mut self, at: usize, message: Message, heard: &mut impl FnMut(News<'_>)) {
        let step = self.steps[at].name.as_str();
        match message {
            Message::Output(bytes) => heard(News::Output {
                step,
                bytes: &bytes,
            }),
            Message::Again(attempt) => heard(News::Again { step, attempt }),
            Message::Left => heard(News::Left { step }),
            Message::Ended(Ok(done)) => {
                self.interrupted |= done.end == End::Interrupted;
                self.end(at, judged(&self.steps[at], &done), heard);
                self.logs.extend(done.log.map(|log| (at, log)));
            }
            Message::Ended(Err(error)) => {
                self.states[at] = State::Stopped;
                self.failure = Some(error);
            }
        }
    }

    fn finish(mut self, interrupt: &Interrupt) -> Result<Finished> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let mut logs = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            logs.extend(self.logs.remove(&at).map(|log| (step.name.clone(), log)));
        }
        let results = self.steps.iter().zip(self.results);
        Ok(Finished {
            results: results
                .map(|(step, result)| result.unwrap_or_else(|| skipped(step)))
                .collect(),
            logs,
            interrupted: self.interrupted || interrupt.count() > 0,
        })
    }
}

/// The listener lives as long as any step does, so that nothing is lost here.
fn tell(to: &SyncSender<(usize, Message)>, at: usize, message: Message) {
    let _ = to.send((at, message));
}

/// The values of the variables that the pipeline names, as any of its steps may see them.
/// Whether a variable holds a secret, by its name and by what a secret looks like.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let named = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
        || name.ends_with("_KEY");
    let plain = value.starts_with('/')
        || value.parse::<f64>().is_ok()
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "disabled" | "enabled" | "required"
        );
    named && value.len() >= 8 && !plain
}

fn secrets(pipeline: &Pipeline, known: &[String]) -> Result<Secrets> {
    let mut values = Vec::new();
    // What is a secret by its name is one whether or not anybody listed it.
    for (name, value) in std::env::vars_os() {
        if is_secret(&name.to_string_lossy(), &value.to_string_lossy()) {
            values.push(value.into_vec());
        }
    }
    values.extend(known.iter().map(|secret| secret.clone().into_bytes()));
    for name in &pipeline.secrets {
        values.extend(std::env::var_os(name).map(OsString::into_vec));
        let own = pipeline.steps.iter().filter_map(|step| step.env.get(name));
        values.extend(own.map(|value| value.clone().into_bytes()));
    }
    Secrets::new(values)
}

fn skipped(step: &Step) -> StepResult {
    StepResult {
        name: step.name.clone(),
        status: StepEnd::Skipped,
        exit: None,
        duration_ms: 0,
        tries: 1,
        allowed: step.allow_failure,
    }
}

fn judged(step: &Step, done: &Done) -> StepResult {
    let (status, exit) = match done.end {
        End::Exit(Some(0)) => (StepEnd::Pass, Some(0)),
        End::Exit(exit) => (StepEnd::Fail, exit),
        End::Timeout => (StepEnd::Timeout, None),
        End::Interrupted => (StepEnd::Fail, None),
    };
    StepResult {
        name: step.name.clone(),
        status,
        exit,
        duration_ms: done.millis,
        tries: done.tries,
        allowed: step.allow_failure,
    }
}

/// Runs one step, again where it may be.
fn perform(
    job: &Job<'_>,
    step: &Step,
    secrets: &Secrets,
    interrupt: &Interrupt,
    tell: &dyn Fn(Message),
) -> Result<Done> {
    let begun = Instant::now();
    let mut keeper = Keeper::new(job.pipeline.logs)?;
    let say = |keeper: &mut Keeper, bytes: Vec<u8>| -> Result<()> {
        if !bytes.is_empty() {
            keeper.push(&bytes)?;
            tell(Message::Output(bytes));
        }
        Ok(())
    };
    let mut tries = 1;
    let end = loop {
        let mut mask = secrets.mask();
        let dir = job.top.join(step.working_dir.as_deref().unwrap_or("."));
        let inside = || {
            Some(
                dir.canonicalize()
                    .ok()?
                    .starts_with(job.top.canonicalize().ok()?),
            )
        };
        let end = if dir.is_dir() && inside() == Some(true) {
            let mut command = shell(&step.run, &dir, job.without);
            command.envs(job.env.iter().map(|(name, value)| (*name, value)));
            command.envs(&step.env);
            let limit = step.timeout.map(|span| span.0);
            let ended = group::run(command, limit, group::GRACE, interrupt, |bytes| {
                say(&mut keeper, mask.push(bytes))
            })?;
            say(&mut keeper, mask.finish())?;
            if ended.left {
                tell(Message::Left);
            }
            ended.end
        } else {
            let missing = step.working_dir.as_deref().unwrap_or_default();
            let line = format!("There is no folder {missing} in the working tree to run in\n");
            say(&mut keeper, line.into_bytes())?;
            End::Exit(None)
        };
        let over = matches!(end, End::Exit(Some(0)) | End::Interrupted);
        if over || tries > step.retries {
            break end;
        }
        tries += 1;
        tell(Message::Again(tries));
        let mark = format!("[try {tries} of {}]\n", step.retries + 1);
        keeper.push(mark.as_bytes())?;
    };
    let millis = u64::try_from(begun.elapsed().as_millis());
    Ok(Done {
        end,
        millis: millis.map_err(|_| anyhow!("a clock ran away"))?,
        tries,
        log: keeper.log()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_text(text: &str, jobs: usize) -> (Vec<StepResult>, String) {
        let pipeline = Pipeline::parse(text.as_bytes()).unwrap();
        let job = Job {
            pipeline: &pipeline,
            top: Path::new("."),
            env: &[],
            without: &[],
            secrets: &[],
            jobs,
        };
        let interrupt = Interrupt::listen(&std::sync::Arc::default()).unwrap();
        let mut out = Vec::new();
        let finished = run(&job, &interrupt, |news| {
            if let News::Output { bytes, .. } = news {
                out.extend_from_slice(bytes);
            }
        })
        .unwrap();
        (finished.results, String::from_utf8(out).unwrap())
    }

    #[test]
    fn both_streams_are_heard_in_order_and_the_status_is_kept() {
        let (results, out) = run_text("steps:\n- {name: a, run: echo a; echo b >&2; exit 3}\n", 1);
        assert_eq!((results[0].exit, out.as_str()), (Some(3), "a\nb\n"));
        let (results, _) = run_text("steps:\n- {name: a, run: no-such-command-here}\n", 1);
        assert_eq!(
            (results[0].exit, results[0].status),
            (Some(127), StepEnd::Fail)
        );
        let (results, _) = run_text("steps:\n- {name: a, run: kill -9 $$}\n", 1);
        assert_eq!(results[0].exit, None);
    }

    #[test]
    fn two_steps_that_wait_for_each_others_sign_run_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let wait = |own: &str, other: &str| {
            format!("touch {at}/{own}; until test -e {at}/{other}; do :; done")
        };
        let text = format!(
            "steps:\n- {{name: a, run: '{}'}}\n- {{name: b, needs: [], run: '{}'}}\n",
            wait("a", "b"),
            wait("b", "a")
        );
        let (results, _) = run_text(&text, 2);
        assert!(results.iter().all(|r| r.status == StepEnd::Pass));
    }

    #[test]
    fn a_folder_that_is_not_there_fails_the_step() {
        let (results, out) = run_text("steps:\n- {name: a, run: x, working_dir: nowhere}\n", 1);
        assert_eq!(results[0].status, StepEnd::Fail);
        assert!(out.contains("no folder nowhere in"));
    }
}
