//! Test reports in the JUnit form, summed up.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Result;
use junit_parser::TestSuite;

use crate::model::proof::Tests;
use crate::model::{Exit, Refusal};

/// Adds up the reports in `files`.
///
/// # Errors
/// [`Exit::Invalid`] where one is no report, or holds no test: it would prove nothing.
pub fn sum(files: &[impl AsRef<Path>]) -> Result<Tests> {
    let mut sum = Tests::default();
    for file in files {
        let file = file.as_ref();
        let wrong = |why: String| Refusal::new(Exit::Invalid, format!("{}: {why}", file.display()));
        let opened = File::open(file).map_err(|error| wrong(error.to_string()))?;
        let report = junit_parser::from_reader(BufReader::new(opened))
            .map_err(|error| wrong(format!("it is no JUnit report: {error}")))?;
        let mut own = Tests::default();
        let mut seconds = 0.0;
        for suite in &report.suites {
            seconds += count(suite, &mut own);
        }
        if own.tests == 0 {
            return Err(wrong("it reports no test".into()).into());
        }
        sum.tests += own.tests;
        sum.failures += own.failures;
        sum.errors += own.errors;
        sum.skipped += own.skipped;
        // Reports are rounded to milliseconds at best.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float becomes the nearest integer that there is"
        )]
        {
            sum.time_ms += (seconds * 1000.0) as u64;
        }
    }
    Ok(sum)
}

/// Counts the cases themselves, since writers disagree on what the attributes include; where a
/// suite lists none, what its attributes say. Returns its seconds.
fn count(suite: &TestSuite, sum: &mut Tests) -> f64 {
    let nested: f64 = suite.suites.iter().map(|inner| count(inner, sum)).sum();
    for case in &suite.cases {
        sum.tests += 1;
        sum.failures += u64::from(case.status.is_failure());
        sum.errors += u64::from(case.status.is_error());
        sum.skipped += u64::from(case.status.is_skipped());
    }
    if suite.cases.is_empty() && suite.suites.is_empty() {
        sum.tests += suite.tests;
        sum.failures += suite.failures;
        sum.errors += suite.errors;
        sum.skipped += suite.skipped;
    }
    let cases: f64 = suite.cases.iter().map(|case| case.time).sum();
    suite.time.max(nested + cases)
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
