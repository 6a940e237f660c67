//! Time against the number of promotions, as a table and as a picture.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// For each age of a project, what took how long.
pub(crate) type Growth = [(u64, Vec<(&'static str, Duration)>)];

/// The figures of the plot.
pub(crate) fn table(growth: &Growth) -> String {
    let mut text = String::from("\n| promotions |");
    let names = growth.first().map(|(_, times)| times.as_slice());
    let names = names.unwrap_or_default();
    for (name, _) in names {
        text += &format!(" {name} |");
    }
    text += &format!("\n|{}\n", " --- |".repeat(names.len() + 1));
    for (promotions, times) in growth {
        text += &format!("| {promotions} |");
        for (_, time) in times {
            text += &format!(" {:.1} ms |", time.as_secs_f64() * 1000.0);
        }
        text += "\n";
    }
    text
}

/// Draws them, both axes logarithmic.
pub(crate) fn draw(growth: &Growth, into: &Path) -> Result<()> {
    let wrong = |error: &dyn std::fmt::Display| anyhow!("the plot cannot be drawn: {error}");
    let root = SVGBackend::new(into, (800, 480)).into_drawing_area();
    root.fill(&WHITE).map_err(|e| wrong(&e))?;
    let ms = |time: &Duration| time.as_secs_f64() * 1000.0;
    let times = growth.iter().flat_map(|(_, times)| times);
    let highest = times.map(|(_, time)| ms(time)).fold(10.0, f64::max);
    let (first, last) = (
        growth.first().map_or(1, |(n, _)| *n) as f64,
        growth.last().map_or(10, |(n, _)| *n) as f64,
    );
    let mut chart = ChartBuilder::on(&root)
        .caption("git gryt: time against promotions", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (first..last * 1.2).log_scale(),
            (1.0..highest * 2.0).log_scale(),
        )
        .map_err(|e| wrong(&e))?;
    chart
        .configure_mesh()
        .x_desc("promotions in the ledger")
        .y_desc("milliseconds")
        .draw()
        .map_err(|e| wrong(&e))?;
    let count = growth.first().map_or(0, |(_, times)| times.len());
    for at in 0..count {
        let colour = Palette99::pick(at).to_rgba();
        let points = growth
            .iter()
            .map(|(n, times)| (*n as f64, ms(&times[at].1)));
        let points: Vec<(f64, f64)> = points.collect();
        let name = growth[0].1[at].0;
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)).point_size(3))
            .map_err(|e| wrong(&e))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()
        .map_err(|e| wrong(&e))?;
    root.present().map_err(|e| wrong(&e))
}
