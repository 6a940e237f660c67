//! The ledger as one page for a browser (docs/export.md, "A page to look at"): written piece by piece, without anything
//! that it would have to fetch.
//!
//! The newest releases stand in it as HTML; all of them, those too, as blocks of data that the page's own script shows
//! when they are asked for. Nothing is in the page that the ledger and the drafts do not say, so that it is the same,
//! byte for byte, whenever it is made.

mod charts;
mod markup;
mod packed;
mod view;

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

use self::markup::{sign, text};
use self::packed::Batch;
use self::view::{Sign, View, grouped};
use super::{clean, count, line};
use crate::model::approval::Word;
use crate::model::dossier::{Opening, Piece, Waiting};
use crate::model::state::Status;
use crate::model::steps::Step;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How many of the newest releases stand there without the script.
const NEWEST: usize = 25;
/// How many releases a block has after those.
const BATCH: usize = 200;

/// The page, as far as it is written.
#[derive(Default)]
pub(super) struct Document {
    /// How many releases there are, and how many were written.
    all: usize,
    written: usize,
    batch: Batch,
}

impl Document {
    /// What a piece adds.
    pub(super) fn piece(&mut self, piece: Piece<'_>) -> String {
        match piece {
            Piece::Opening(opening) => {
                self.all = opening.listed.len();
                self.opening(opening)
            }
            Piece::Release(dossier) => {
                let view = View::of(dossier);
                self.batch.add(&view);
                self.written += 1;
                let newest = self.written <= NEWEST;
                let mut html = match newest {
                    true => markup::release(&view, self.written == 1),
                    false => String::new(),
                };
                let last = self.written == self.all;
                if newest && (last || self.written == NEWEST) {
                    html += "</ol>\n";
                    html += &self.batch.take();
                } else if last || self.batch.len() == BATCH {
                    html += &self.batch.take();
                }
                html
            }
            Piece::End => format!(
                "</section>\n</main>\n{}<script>{SCRIPT}</script>\n</body>\n</html>\n",
                packed::words()
            ),
        }
    }

    fn opening(&self, opening: &Opening) -> String {
        let title = opening.title.as_deref().map(line).unwrap_or_default();
        let title = match title.as_str() {
            "" => "Releases".to_owned(),
            name => format!("Releases of {name}"),
        };
        let title = text(&title);
        let policy = policy();
        let mut html = format!(
            "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
             <meta http-equiv=Content-Security-Policy content=\"{policy}\">\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
             <meta name=color-scheme content=\"light dark\">\n<meta name=referrer content=no-referrer>\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <a class=skip href=\"#releases\">Skip to the releases</a>\n\
             <header class=top>\n<h1>{title}</h1>\n"
        );
        html += &limits(opening);
        html += &tiles(opening);
        html += "</header>\n";
        html += "<nav aria-label=\"On this page\"><ul>";
        if !opening.drafts.is_empty() {
            html += "<li><a href=\"#drafts\">In progress</a></li>";
        }
        html += "<li><a href=\"#figures\">Figures</a></li><li><a href=\"#releases\">Releases</a></li></ul></nav>\n<main>\n";
        html += &drafts(&opening.drafts);
        html +=
            "<section aria-labelledby=figures><h2 id=figures>Figures</h2>\n<div class=charts>\n";
        html += &charts::all(&opening.figures);
        html +=
            "</div></section>\n<section aria-labelledby=releases><h2 id=releases>Releases</h2>\n";
        html += &self.filter(opening);
        if self.all > 0 {
            html += "<ol class=line id=newest>\n";
        }
        html
    }

    /// What the script makes use of, and what is said where it does not run.
    fn filter(&self, opening: &Opening) -> String {
        if self.all == 0 {
            return "<p class=none>Nothing was promoted yet.</p>\n".to_owned();
        }
        let mut html = String::from(
            "<search class=filter id=filter hidden>\
             <p><label for=text>Find</label><input id=text type=search autocomplete=off spellcheck=false \
             placeholder=\"Version, change, person, commit …\"></p>",
        );
        let states: Vec<&str> = Status::RELEASED
            .into_iter()
            .filter(|status| opening.listed.iter().any(|one| one.status == *status))
            .map(|status| Sign::of(status).0)
            .collect();
        html += &select("state", "State", &states);
        let mut products: Vec<&str> = opening
            .listed
            .iter()
            .map(|one| one.version.product().unwrap_or_default())
            .collect();
        products.sort_unstable();
        products.dedup();
        if products.len() > 1 {
            html += &select("product", "Product", &products);
        }
        html += "<p class=count id=count role=status aria-live=polite></p></search>\n";
        if self.all > NEWEST {
            html += &format!(
                "<noscript><p class=note>Without its script, this page shows the newest {NEWEST} of {} releases, and cannot \
                 search them.</p></noscript>\n",
                grouped(self.all as u64)
            );
        }
        html
    }
}

/// What the page may do: run its own script and style, and nothing else.
fn policy() -> String {
    let hash = |text: &str| Base64::encode_string(&Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src 'none'; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn select(id: &str, label: &str, options: &[&str]) -> String {
    let mut html = format!(
        "<p><label for={id}>{label}</label><select id={id}><option value=\"*\">All</option>"
    );
    for option in options {
        let shown = if option.is_empty() { "None" } else { option };
        html += &format!(
            "<option value=\"{}\">{}</option>",
            text(option),
            text(shown)
        );
    }
    html + "</select></p>"
}

fn limits(opening: &Opening) -> String {
    let mut html = String::new();
    let product = opening.product.as_deref().map(line);
    let since = opening.since.as_deref().map(line);
    let said = match (product, since) {
        (None, None) => String::new(),
        (Some(product), None) => format!("Only releases and drafts of the product {product}."),
        (None, Some(since)) => format!("Only releases since {since}."),
        (Some(product), Some(since)) => {
            format!("Only releases of the product {product} since {since}.")
        }
    };
    if !said.is_empty() {
        html += &format!("<p class=note>{}</p>\n", text(&said));
    }
    if let Some(tip) = &opening.tip {
        html += &format!(
            "<p class=tip>What the ledger says at <code class=hex>{}</code></p>\n",
            text(tip.as_str())
        );
    }
    html
}

fn tiles(opening: &Opening) -> String {
    let of = |status: Status| {
        let all = opening.listed.iter();
        all.filter(|one| one.status == status).count()
    };
    let mut html = String::from("<dl class=tiles>");
    let mut tile = |number: usize, what: &str, tone: &str| {
        html += &format!(
            "<div class=\"{tone}\"><dt>{what}</dt><dd>{}</dd></div>",
            grouped(number as u64)
        );
    };
    tile(of(Status::Promoted), "Promoted", "good");
    for (status, what, tone) in [
        (Status::Imported, "Imported", "dull"),
        (Status::Withdrawn, "Withdrawn", "bad"),
        (Status::Disputed, "Disputed", "warn"),
    ] {
        let number = of(status);
        if number > 0 {
            tile(number, what, tone);
        }
    }
    tile(opening.drafts.len(), "In progress", "dull");
    html + "</dl>\n"
}

fn drafts(drafts: &[Waiting]) -> String {
    if drafts.is_empty() {
        return String::new();
    }
    let mut html = String::from(
        "<section aria-labelledby=drafts><h2 id=drafts>In progress</h2>\n<ul class=drafts>\n",
    );
    for draft in drafts {
        html += &self::draft(draft);
    }
    html + "</ul></section>\n"
}

fn draft(draft: &Waiting) -> String {
    let version = text(draft.version.as_str());
    let mut html = format!(
        "<li class=draft><article aria-labelledby=\"draft-{version}\"><header><h3 id=\"draft-{version}\">{version}</h3>"
    );
    if let Some(why) = &draft.broken {
        return html
            + &format!(
                "</header><p class=\"notice bad\"><span class=mark aria-hidden=true>✕</span>It cannot be read: {}</p></article></li>\n",
                text(&clean(why))
            );
    }
    html += &format!(
        "<p class=by>{} of {} proven</p></header><svg class=bar viewBox=\"0 0 100 2\" preserveAspectRatio=none \
         aria-hidden=true><rect class=rest width=100 height=2 /><rect class=full width={} height=2 /></svg>",
        draft.proven,
        count(draft.changes, "change"),
        draft.proven * 100 / draft.changes.max(1)
    );
    let description = clean(draft.description.as_deref().unwrap_or_default().trim());
    if !description.is_empty() {
        html += &format!("<p class=said>{}</p>", text(&description));
    }
    for opinion in &draft.opinions {
        let word = match opinion.says {
            Word::Approved => "approved",
            Word::Rejected => "rejected",
            Word::Revoked => "revoked",
        };
        let vain = match opinion.counts {
            true => "",
            false => ", of an earlier contract",
        };
        html += &format!(
            "<p class=opinion>{} by {}{vain}</p>",
            sign(Sign(word)),
            markup::cell(&view::person(&opinion.by))
        );
    }
    if draft.changes == 0 {
        html += "<p class=waits>It declares no change yet.</p>";
    } else if !draft.steps.is_empty() {
        html += "<p class=waits>It waits for</p><ul class=steps>";
        html.extend(draft.steps.iter().map(step));
        html += "</ul>";
    }
    html + "</article></li>\n"
}

fn step(step: &Step) -> String {
    let who = match &step.who {
        Some(who) => format!("<b>{}</b> to ", text(&line(who))),
        None => "somebody to ".to_owned(),
    };
    let command = match &step.command {
        Some(command) => format!("<code class=command>{}</code>", text(&line(command))),
        None => String::new(),
    };
    format!("<li>{who}{} {command}</li>", text(&line(&step.what)))
}
