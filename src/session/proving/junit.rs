//! Test reports in the JUnit form, summed up.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Result;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::LocalName;
use quick_xml::reader::Reader;

use crate::model::proof::Tests;
use crate::model::{Exit, Refusal};

/// The largest report, in bytes, and the deepest.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
const MAX_DEPTH: usize = 200;

/// Adds up the reports in `files`.
///
/// # Errors
/// [`Exit::Invalid`] where one is no report, or no test of it ran: it would prove nothing.
pub(crate) fn sum(files: &[impl AsRef<Path>]) -> Result<Tests> {
    let mut sum = Tests::default();
    for file in files {
        let file = file.as_ref();
        let own = read(file)
            .map_err(|why| Refusal::new(Exit::Invalid, format!("{}: {why}", file.display())))?;
        sum.add(&own);
    }
    Ok(sum)
}

fn read(file: &Path) -> Result<Tests, String> {
    let about = file.metadata().map_err(|e| e.to_string())?;
    // A pipe or a device has no end that could be waited for.
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    if about.len() > MAX_BYTES {
        return Err("it is too large to be read".into());
    }
    let open = File::open(file).map_err(|e| e.to_string())?;
    let own = counted(BufReader::new(open))?;
    if !own.failed() && own.tests <= own.skipped {
        return Err("no test of it ran, so it would prove nothing".into());
    }
    Ok(own)
}

/// One suite while it is read: what its attributes say, and what its cases and inner suites came to.
#[derive(Default)]
struct Suite {
    said: Tests,
    found: Tests,
    seconds_said: f64,
    seconds: f64,
    lists: bool,
}

/// One case while it is read.
#[derive(Default)]
struct Case {
    failed: bool,
    error: bool,
    skipped: bool,
}

/// Counts a report, however long, in one pass. Namespaces do not matter, nor how a time is written.
pub(crate) fn counted(report: impl BufRead) -> Result<Tests, String> {
    let mut reader = Reader::from_reader(report);
    let mut buffer = Vec::new();
    let mut depth = 0usize;
    // What stands around all suites is read as one.
    let mut suites = vec![Suite::default()];
    let mut case: Option<Case> = None;
    let mut met = false;
    loop {
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| format!("it is not a JUnit report: {error}"))? {
            Event::Eof => break,
            Event::Start(tag) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err("it is nested too deeply".into());
                }
                met |= opened(&tag, &mut suites, &mut case);
            }
            Event::Empty(tag) => {
                met |= opened(&tag, &mut suites, &mut case);
                closed(tag.local_name(), &mut suites, &mut case);
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                closed(tag.local_name(), &mut suites, &mut case);
            }
            _ => {}
        }
        buffer.clear();
    }
    if depth > 0 || suites.len() != 1 {
        return Err("it is not a JUnit report: it ends in the middle".into());
    }
    if !met {
        return Err("it is not a JUnit report: it holds no suite".into());
    }
    let (mut sum, seconds) = suites.pop().unwrap_or_default().sum();
    // A float becomes the nearest integer that there is.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates"
    )]
    {
        sum.time_ms = (seconds * 1000.0) as u64;
    }
    Ok(sum)
}

/// Begins an element; whether it is a suite or what stands around suites.
fn opened(tag: &BytesStart<'_>, suites: &mut Vec<Suite>, case: &mut Option<Case>) -> bool {
    match (tag.local_name().as_ref(), case) {
        ("testsuites", _) => {
            if let Some(around) = suites.first_mut() {
                // Only what it knows of failures counts: the rest is in its suites.
                let (said, _) = attributes(tag);
                around.said.failures = said.failures;
                around.said.errors = said.errors;
            }
            true
        }
        ("testsuite", _) => {
            let (said, seconds_said) = attributes(tag);
            suites.push(Suite {
                said,
                seconds_said,
                ..Suite::default()
            });
            true
        }
        ("testcase", case) => {
            if let Some(suite) = suites.last_mut() {
                suite.seconds += attributes(tag).1;
            }
            *case = Some(Case::default());
            false
        }
        ("failure", Some(case)) => {
            case.failed = true;
            false
        }
        ("error", Some(case)) => {
            case.error = true;
            false
        }
        ("skipped", Some(case)) => {
            case.skipped = true;
            false
        }
        _ => false,
    }
}

/// Ends an element.
fn closed(name: LocalName<'_>, suites: &mut Vec<Suite>, case: &mut Option<Case>) {
    match name.as_ref() {
        "testcase" => {
            if let (Some(suite), Some(case)) = (suites.last_mut(), case.take()) {
                suite.lists = true;
                suite.found.tests += 1;
                // A case may say that it failed and then something milder.
                match case {
                    Case { failed: true, .. } => suite.found.failures += 1,
                    Case { error: true, .. } => suite.found.errors += 1,
                    Case { skipped: true, .. } => suite.found.skipped += 1,
                    Case { .. } => {}
                }
            }
        }
        "testsuite" if suites.len() > 1 => {
            let (sum, seconds) = suites.pop().unwrap_or_default().sum();
            if let Some(around) = suites.last_mut() {
                around.lists = true;
                around.found.add(&sum);
                around.seconds += seconds;
            }
        }
        _ => {}
    }
}

impl Suite {
    /// The cases themselves count, since writers disagree on what the attributes include; but where the
    /// attributes know of more failures, or a suite lists no case, they are believed. Its seconds too.
    fn sum(self) -> (Tests, f64) {
        let mut sum = self.found;
        if !self.lists {
            sum.tests = self.said.tests;
            sum.skipped = self.said.skipped;
        }
        sum.failures = sum.failures.max(self.said.failures);
        sum.errors = sum.errors.max(self.said.errors);
        (sum, self.seconds.max(self.seconds_said))
    }
}

/// What the attributes of an element count, and its seconds.
fn attributes(tag: &BytesStart<'_>) -> (Tests, f64) {
    let mut said = Tests::default();
    let mut seconds = 0.0;
    // Two attributes of one name are checked for by comparing each with each.
    for attribute in tag.attributes().with_checks(false).flatten() {
        let value = &attribute.value;
        let number = || value.trim().parse::<u64>().unwrap_or(0);
        match attribute.key.local_name().as_ref() {
            "tests" => said.tests = number(),
            "failures" => said.failures = number(),
            "errors" => said.errors = number(),
            "skipped" | "disabled" => said.skipped = said.skipped.saturating_add(number()),
            "time" => {
                let text: String = value.chars().filter(|c| *c != ',').collect();
                let read = text.trim().parse::<f64>().unwrap_or(0.0);
                seconds = if read.is_finite() { read.max(0.0) } else { 0.0 };
            }
            _ => {}
        }
    }
    (said, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Result<Tests> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        sum(&[file.path()])
    }

    #[test]
    fn cases_are_counted_whatever_the_attributes_say() {
        let found = report(
            "<testsuites tests=\"99\"><testsuite name=\"a\" tests=\"1\" time=\"1.5\">\
             <testcase name=\"x\" time=\"0.5\"/><testcase name=\"y\"><failure message=\"m\"/></testcase>\
             <testcase name=\"z\"><skipped/></testcase></testsuite></testsuites>",
        )
        .unwrap();
        let counts = (found.tests, found.failures, found.skipped, found.time_ms);
        assert_eq!(counts, (3, 1, 1, 1500));
    }

    #[test]
    fn a_bare_suite_is_read_and_a_suite_without_cases_is_believed() {
        let bare = report("<testsuite name=\"a\"><testcase name=\"x\"/></testsuite>").unwrap();
        assert_eq!(bare.tests, 1);
        let told = report("<testsuite name=\"a\" tests=\"3\" errors=\"1\"/>").unwrap();
        assert_eq!((told.tests, told.errors), (3, 1));
    }

    #[test]
    fn what_reports_nothing_is_refused() {
        for text in [
            "",
            "not xml",
            "<html/>",
            "<testsuites/>",
            "<testsuite><testcase",
        ] {
            assert!(report(text).is_err(), "{text}");
        }
    }
}
