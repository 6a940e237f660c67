//! What a running pipeline shows: its output line by line with the step's name, and on a terminal
//! what runs now and for how long.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that does not end is shown in pieces of this size, in bytes.
const LONGEST: usize = 8 * 1024;
const BEAT: Duration = Duration::from_millis(200);
/// How long a row goes on before it is drawn.
const PATIENCE: Duration = Duration::from_millis(500);

/// The pipeline under way.
#[derive(Default)]
pub(super) struct Board {
    /// What each step printed since its last line ended.
    open: BTreeMap<String, Vec<u8>>,
    live: Option<Live>,
    counts: Vec<Count>,
}

/// A row under way. What is over sooner than [`PATIENCE`] is not drawn.
struct Count {
    begun: Instant,
    bar: Option<ProgressBar>,
}

/// The part of the terminal that is drawn again and again.
struct Live {
    all: MultiProgress,
    total: ProgressBar,
    running: BTreeMap<String, ProgressBar>,
}

impl Board {
    /// A pipeline of so many steps begins; `draw` where there is a terminal to draw on.
    pub(super) fn begin(&mut self, steps: usize, draw: bool) {
        if !draw {
            return;
        }
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = all.add(ProgressBar::new(steps as u64));
        total.set_style(style("{pos}/{len} steps, {elapsed}"));
        total.enable_steady_tick(BEAT);
        self.live = Some(Live {
            all,
            total,
            running: BTreeMap::new(),
        });
    }

    /// A step begins.
    pub(super) fn start(&mut self, step: &str) {
        if let Some(live) = &mut self.live {
            let bar = live
                .all
                .insert_before(&live.total, ProgressBar::new_spinner());
            bar.set_style(style("  {msg} {elapsed}"));
            bar.set_message(step.to_owned());
            bar.enable_steady_tick(BEAT);
            live.running.insert(step.to_owned(), bar);
        }
    }

    /// The lines that `bytes` complete, with the step's name before each.
    pub(super) fn lines(&mut self, step: &str, bytes: &[u8]) -> String {
        let open = self.open.entry(step.to_owned()).or_default();
        open.extend_from_slice(bytes);
        let end = match open.iter().rposition(|b| *b == b'\n') {
            Some(at) => at + 1,
            None if open.len() >= LONGEST => open.len(),
            None => return String::new(),
        };
        let whole: Vec<u8> = open.drain(..end).collect();
        let mut text = String::new();
        for line in whole.split_inclusive(|b| *b == b'\n') {
            for piece in line.chunks(LONGEST) {
                shown(&mut text, step, piece);
            }
        }
        text
    }

    /// A step ended: the rest of what it printed.
    pub(super) fn end(&mut self, step: &str) -> String {
        let mut text = String::new();
        let rest = self.open.remove(step).unwrap_or_default();
        if !rest.is_empty() {
            shown(&mut text, step, &rest);
        }
        if let Some(live) = &mut self.live {
            if let Some(bar) = live.running.remove(step) {
                bar.finish_and_clear();
            }
            live.total.inc(1);
        }
        text
    }

    /// The pipeline ended.
    pub(super) fn finish(&mut self) {
        if let Some(live) = self.live.take() {
            live.total.finish_and_clear();
        }
        self.open.clear();
    }

    /// So many of a row are done: drawn once it lasts, where there is a terminal to draw on.
    pub(super) fn count(&mut self, what: &'static str, done: usize, of: usize, draw: bool) {
        if done == 0 {
            self.counts.push(Count {
                begun: Instant::now(),
                bar: None,
            });
            return;
        }
        let Some(count) = self.counts.last_mut().filter(|_| draw) else {
            return;
        };
        let took = count.begun.elapsed();
        if count.bar.is_none() && took >= PATIENCE {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style("{msg}"));
            count.bar = Some(bar);
        }
        if let Some(bar) = &count.bar {
            bar.set_message(counted(what, done, of, took));
        }
    }

    /// The row is over.
    pub(super) fn counted(&mut self) {
        if let Some(bar) = self.counts.pop().and_then(|count| count.bar) {
            bar.finish_and_clear();
        }
    }

    /// Prints something while nothing is drawn.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        let counted = self
            .counts
            .iter()
            .rev()
            .find_map(|count| count.bar.as_ref());
        match (&self.live, counted) {
            (Some(live), _) => live.all.suspend(print),
            (None, Some(bar)) => bar.suspend(print),
            (None, None) => print(),
        }
    }
}

/// How far a row is, and how fast it went so far.
fn counted(what: &str, done: usize, of: usize, took: Duration) -> String {
    let percent = done.saturating_mul(100) / of.max(1);
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown to two digits")]
    let rate = done as f64 / took.as_secs_f64().max(f64::EPSILON);
    let digits = usize::from(rate < 10.0);
    format!("{what}: {percent}% ({done}/{of}), {rate:.digits$}/s")
}

/// A template is a constant of this file; were it wrong, the bar would be plain.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One line as a terminal that redraws it would show it in the end, without escapes, which would
/// be another program's drawing on ours.
fn shown(text: &mut String, step: &str, line: &[u8]) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let last = line.rsplit(|b| *b == b'\r').next().unwrap_or_default();
    let plain = |b: &u8| (0x20..0x7f).contains(b);
    if last.iter().all(plain) {
        _ = writeln!(text, "{step} | {}", String::from_utf8_lossy(last));
    } else {
        let bare = strip_ansi_escapes::strip(last);
        let bare = super::clean(&String::from_utf8_lossy(&bare));
        _ = writeln!(text, "{step} | {bare}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_with_their_step() {
        let mut board = Board::default();
        assert_eq!(board.lines("a", b"one"), "");
        assert_eq!(board.lines("b", b"x\n"), "b | x\n");
        assert_eq!(board.lines("a", b" two\nthree"), "a | one two\n");
        assert_eq!(board.end("a"), "a | three\n");
        assert_eq!(board.end("b"), "");
    }

    #[test]
    fn what_draws_is_shown_as_it_ends_up() {
        let mut board = Board::default();
        let seen = board.lines("a", b"10%\r\x1b[31m99%\x1b[0m\r\n\xff\x07\n");
        assert_eq!(seen, "a | 99%\na | \u{fffd}\n");
    }

    #[test]
    fn a_row_says_how_far_it_is_and_how_fast() {
        let said =
            |done, millis| counted("Judging entries", done, 61, Duration::from_millis(millis));
        assert_eq!(said(22, 500), "Judging entries: 36% (22/61), 44/s");
        assert_eq!(said(2, 4000), "Judging entries: 3% (2/61), 0.5/s");
        assert_eq!(counted("x", 0, 0, Duration::ZERO), "x: 0% (0/0), 0.0/s");
        // Where nothing is to be drawn, nothing is.
        let mut board = Board::default();
        board.count("x", 0, 2, false);
        board.count("x", 2, 2, false);
        assert!(board.counts.iter().all(|count| count.bar.is_none()));
        board.counted();
        assert!(board.counts.is_empty());
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces() {
        let mut board = Board::default();
        let seen = board.lines("a", &[b'x'; 3 * LONGEST]);
        assert_eq!(seen.lines().count(), 3);
    }
}
