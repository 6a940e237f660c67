//! The charts: each drawn as SVG with attributes alone, as the page's policy allows no other style, and beside it its
//! numbers as a table.

use super::markup::text;
use super::view::grouped;
use crate::model::figures::{Counts, Figures};
use crate::render::count;

const WIDTH: usize = 320;
const HEIGHT: usize = 150;
/// Where the columns stand.
const LEFT: usize = 34;
const TOP: usize = 12;
const FOOT: usize = 124;

/// A column: what it is called, how high it is, and how much of that is full.
struct Column {
    name: String,
    high: usize,
    full: usize,
}

pub(super) fn all(figures: &Figures) -> String {
    let columns = figures.columns();
    promotions(&columns) + &took(figures) + &passed(&columns)
}

fn promotions(columns: &[(String, Counts)]) -> String {
    let total: usize = columns.iter().map(|(_, counts)| counts.promotions).sum();
    let (unit, heading) = unit(columns);
    let most = columns.iter().max_by_key(|(_, counts)| counts.promotions);
    let busy = columns.iter().filter(|(_, counts)| counts.promotions > 0);
    let said = match (most, busy.count()) {
        (Some((name, _)), 1) => format!("{}, in {name}.", counted(total, "promotion")),
        (Some((name, counts)), 2..) => format!(
            "{}; {name} had the most: {}.",
            counted(total, "promotion"),
            counts.promotions
        ),
        _ => "Nothing was promoted yet.".to_owned(),
    };
    let drawn: Vec<Column> = columns
        .iter()
        .map(|(name, counts)| Column {
            name: name.clone(),
            high: counts.promotions,
            full: counts.promotions,
        })
        .collect();
    let rows: Vec<[String; 2]> = columns
        .iter()
        .map(|(name, counts)| [name.clone(), counts.promotions.to_string()])
        .collect();
    figure(
        &format!("Promotions by {unit}"),
        &said,
        &svg(&drawn, None, &said),
        &numbers([heading, "Promotions"], &rows),
    )
}

fn took(figures: &Figures) -> String {
    let spans = figures.spans();
    let said = match (figures.within(50), figures.within(90)) {
        (Some(half), Some(most)) => {
            format!(
                "Half of the changes took {half} or less from their first evolution, nine of ten {most} or less."
            )
        }
        _ => "No change was promoted yet.".to_owned(),
    };
    let drawn: Vec<Column> = spans
        .iter()
        .map(|(span, count)| Column {
            name: span.short.to_owned(),
            high: *count,
            full: *count,
        })
        .collect();
    let rows: Vec<[String; 2]> = spans
        .iter()
        .map(|(span, count)| [span.name.to_owned(), count.to_string()])
        .collect();
    figure(
        "How long changes took",
        &said,
        &svg(&drawn, None, &said),
        &numbers(["Time", "Changes"], &rows),
    )
}

fn passed(columns: &[(String, Counts)]) -> String {
    let mut all = Counts::default();
    for (_, counts) in columns {
        all.proofs += counts.proofs;
        all.passed += counts.passed;
    }
    let said = match all.rate() {
        Some(rate) => format!("{rate}% of {} passed.", counted(all.proofs, "proof")),
        None => "Nothing was proven yet.".to_owned(),
    };
    let (unit, heading) = unit(columns);
    let drawn: Vec<Column> = columns
        .iter()
        .map(|(name, counts)| Column {
            name: name.clone(),
            high: counts.rate().map_or(0, |_| 100),
            full: counts.rate().unwrap_or_default(),
        })
        .collect();
    let rows: Vec<[String; 4]> = columns
        .iter()
        .filter(|(_, counts)| counts.proofs > 0)
        .map(|(name, counts)| {
            [
                name.clone(),
                counts.proofs.to_string(),
                counts.passed.to_string(),
                counts
                    .rate()
                    .map_or(String::new(), |rate| format!("{rate}%")),
            ]
        })
        .collect();
    figure(
        &format!("Proofs that passed, by {unit}"),
        &said,
        &svg(&drawn, Some(100), &said),
        &numbers([heading, "Proofs", "Passed", "Rate"], &rows),
    )
}

/// What the columns are: months, or years where those were too many.
fn unit(columns: &[(String, Counts)]) -> (&'static str, &'static str) {
    match columns.first() {
        Some((name, _)) if !name.contains('-') => ("year", "Year"),
        _ => ("month", "Month"),
    }
}

fn counted(number: usize, one: &str) -> String {
    let said = count(number, one);
    said.replacen(&number.to_string(), &grouped(number as u64), 1)
}

fn figure(title: &str, said: &str, svg: &str, numbers: &str) -> String {
    format!(
        "<figure><figcaption><h3>{title}</h3><p>{}</p></figcaption>{svg}{numbers}</figure>\n",
        text(said)
    )
}

/// The numbers of a chart. The first column names the row.
fn numbers<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut html = String::from(
        "<details class=numbers><summary>Numbers</summary><div class=scroll role=region tabindex=0 aria-label=Numbers><table><thead><tr>",
    );
    for heading in headings {
        html += &format!("<th scope=col>{heading}</th>");
    }
    html += "</tr></thead><tbody>";
    for row in rows {
        html += "<tr>";
        for (at, value) in row.iter().enumerate() {
            let value = text(value);
            html += &match at {
                0 => format!("<th scope=row>{value}</th>"),
                _ => format!("<td class=n>{value}</td>"),
            };
        }
        html += "</tr>";
    }
    html + "</tbody></table></div></details>"
}

/// A chart of columns, the highest of which is `most`, or else as high as it is. Its numbers stand in a table, so
/// that one sentence is enough for who does not see it.
fn svg(columns: &[Column], most: Option<usize>, said: &str) -> String {
    let highest = columns.iter().map(|column| column.high).max();
    let most = most.or(highest).unwrap_or_default().max(1);
    let unit = if most == 100 { "%" } else { "" };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{}\">",
        text(said)
    );
    let tall = FOOT - TOP;
    for part in [0, 1, 2] {
        let y = FOOT - tall * part / 2;
        svg += &format!("<line class=grid x1={LEFT} x2={WIDTH} y1={y} y2={y} />");
        // A half of one would be said as nothing.
        if part != 1 || most > 1 {
            let value = grouped((most * part / 2) as u64);
            let (x, y) = (LEFT - 5, y + 3);
            svg += &format!("<text x={x} y={y} text-anchor=end>{value}{unit}</text>");
        }
    }
    // In tenths, so that many columns are of one width, too.
    let room = (WIDTH - LEFT) * 10;
    let each = room / columns.len().max(1);
    let wide = (each * 7 / 10).clamp(8, 280);
    let named = columns.len().div_ceil(7).max(1);
    let mut named_until = 0;
    for (nth, column) in columns.iter().enumerate() {
        let middle = LEFT * 10 + each * nth + each / 2;
        let x = middle - wide / 2;
        let name = text(&column.name);
        let height = |value: usize| tall * 10 * value / most;
        let bar = |class: &str, value: usize| match height(value).max(usize::from(value > 0) * 10) {
            0 => String::new(),
            high => format!(
                "<rect class={class} x={} y={} width={} height={} rx=1 />",
                tenths(x),
                tenths(FOOT * 10 - high),
                tenths(wide),
                tenths(high)
            ),
        };
        svg += &format!("<g><title>{name}: {}{unit}</title>", column.full);
        if column.full < column.high {
            svg += &bar("rest", column.high);
        }
        svg += &bar("full", column.full);
        svg += "</g>";
        // A character is about 5.5 wide. The last column is always named, at the edge where it has to be.
        let room_for = column.name.chars().count() * 55 / 2;
        let beyond = middle + room_for > WIDTH * 10;
        let (at, anchor) = match beyond {
            true => (WIDTH * 10, "end"),
            false => (middle, "middle"),
        };
        let begins = (middle.min(WIDTH * 10 - room_for)).saturating_sub(room_for);
        if (columns.len() - 1 - nth).is_multiple_of(named) && begins >= named_until {
            svg += &format!(
                "<text x={} y={} text-anchor={anchor}>{name}</text>",
                tenths(at),
                FOOT + 15
            );
            named_until = begins + 2 * room_for + 30;
        }
    }
    svg + "</svg>"
}

/// A number of tenths.
fn tenths(number: usize) -> String {
    format!("{}.{}", number / 10, number % 10)
}
