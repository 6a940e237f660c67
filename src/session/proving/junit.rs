//! Test reports in the JUnit form, summed up.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Result;
use junit_parser::TestSuite;
use quick_xml::events::Event;
use quick_xml::name::QName;
use quick_xml::reader::Reader;

use crate::model::proof::Tests;
use crate::model::{Exit, Refusal};

/// The largest report, in bytes, and the deepest: the parser goes down by recursion.
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
    let open = || File::open(file).map(BufReader::new);
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    if size > MAX_BYTES {
        return Err("it is too large to be read".into());
    }
    let spoiled = spoiled(open().map_err(|e| e.to_string())?)?;
    let report = junit_parser::from_reader(open().map_err(|e| e.to_string())?)
        .map_err(|error| format!("it is no JUnit report: {error}"))?;
    let mut own = Tests::default();
    let mut seconds = 0.0;
    for suite in &report.suites {
        let (counts, took) = count(suite);
        own.add(&counts);
        seconds += took;
    }
    own.failures = own.failures.max(report.failures);
    own.errors = own.errors.max(report.errors);
    // A case may say that it failed and then something milder.
    if own.failures.saturating_add(own.errors) < spoiled {
        own.failures = spoiled.saturating_sub(own.errors);
    }
    // A float becomes the nearest integer that there is.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates"
    )]
    {
        own.time_ms = (seconds * 1000.0) as u64;
    }
    if !own.failed() && own.tests <= own.skipped {
        return Err("no test of it ran, so it would prove nothing".into());
    }
    Ok(own)
}

/// How many cases say that they failed, whatever else they say.
fn spoiled(report: impl BufRead) -> Result<u64, String> {
    let mut reader = Reader::from_reader(report);
    let mut buffer = Vec::new();
    let mut depth = 0usize;
    let (mut count, mut failed) = (0, false);
    loop {
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| format!("it is no JUnit report: {error}"))? {
            Event::Eof => return Ok(count),
            Event::Start(tag) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err("it is nested too deeply".into());
                }
                failed |= is_failure(tag.name());
            }
            Event::Empty(tag) => failed |= is_failure(tag.name()),
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if tag.name() == QName("testcase") {
                    count += u64::from(std::mem::take(&mut failed));
                }
            }
            _ => {}
        }
        buffer.clear();
    }
}

fn is_failure(name: QName<'_>) -> bool {
    name == QName("failure") || name == QName("error")
}

/// Counts the cases themselves, since writers disagree on what the attributes include; but where
/// the attributes know of more failures, or a suite lists no case, they are believed. Returns its
/// seconds too.
fn count(suite: &TestSuite) -> (Tests, f64) {
    let mut sum = Tests::default();
    let mut seconds: f64 = suite.cases.iter().map(|case| case.time).sum();
    for case in &suite.cases {
        sum.tests += 1;
        sum.failures += u64::from(case.status.is_failure());
        sum.errors += u64::from(case.status.is_error());
        sum.skipped += u64::from(case.status.is_skipped());
    }
    for inner in &suite.suites {
        let (inner, took) = count(inner);
        sum.add(&inner);
        seconds += took;
    }
    if suite.cases.is_empty() && suite.suites.is_empty() {
        sum.tests = suite.tests;
        sum.skipped = suite.skipped;
    }
    sum.failures = sum.failures.max(suite.failures);
    sum.errors = sum.errors.max(suite.errors);
    (sum, seconds.max(suite.time))
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
