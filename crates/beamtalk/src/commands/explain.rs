//! `beamtalk explain`: what an error of the compiler means, and what helps. The text is `docs/errors.md`.

use crate::cli::ExplainOptions;
use crate::failure::{Failure, Outcome};
use crate::screen;
use beamtalk_project::{Look, closest};
use std::io::{self, Write};

const PAGE: &str = include_str!("../../../../docs/errors.md");
/// Lines are easier to read if they are not longer, however wide the terminal is.
const LONGEST_LINE: usize = 100;

const BOLD: &str = "\u{1b}[1m";
const CODE: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// Performs the subcommand.
pub fn run(options: &ExplainOptions) -> Outcome {
    let look = screen::look(&io::stdout(), options.no_color);
    let text = match &options.code {
        None => list(look),
        Some(asked) => {
            let code = asked.trim().to_ascii_uppercase();
            let found = sections().find(|section| section.code == code);
            found.map(|section| explain(&section, look)).ok_or_else(|| unknown(asked, &code))?
        }
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn unknown(asked: &str, code: &str) -> Failure {
    let help = match closest(code, sections().map(|section| section.code)) {
        Some(near) => format!("Did you mean {near}? `beamtalk explain` lists all."),
        None => "`beamtalk explain` lists all.".to_owned(),
    };
    Failure::new(format!("No error has the code '{asked}'")).help(help)
}

/// An error's part of the page.
struct Section {
    /// The heading above, if this is the first below it.
    chapter: Option<&'static str>,
    code: &'static str,
    title: &'static str,
    body: &'static str,
}

fn sections() -> impl Iterator<Item = Section> {
    let chapters = PAGE.split("\n## ").skip(1);
    chapters.flat_map(|chapter| {
        let (name, rest) = chapter.split_once('\n').unwrap_or((chapter, ""));
        let parts = rest.split("\n### ").skip(1).enumerate();
        parts.filter_map(move |(index, part)| {
            let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
            let (code, title) = heading.split_once(' ')?;
            Some(Section { chapter: (index == 0).then_some(name), code, title, body: body.trim() })
        })
    })
}

fn list(look: Look) -> String {
    let mut out = String::new();
    for section in sections() {
        if let Some(chapter) = section.chapter {
            let gap = if out.is_empty() { "" } else { "\n" };
            out.push_str(&format!("{gap}{}\n", bold(chapter, look)));
        }
        out.push_str(&format!("  {}  {}\n", section.code, inline(section.title, look)));
    }
    out
}

fn explain(section: &Section, look: Look) -> String {
    let mut out = format!("{}\n", bold(&format!("{} {}", section.code, section.title), look));
    let width = look.width.map_or(LONGEST_LINE, |width| usize::from(width).min(LONGEST_LINE));
    let mut lines = section.body.lines().peekable();
    while let Some(line) = lines.next() {
        out.push('\n');
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out.push_str(&paint(&format!("    {code}"), CODE, look));
                out.push('\n');
            }
        } else if line.starts_with('|') {
            out.push_str(&format!("{}\n", inline(line, look)));
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                out.push_str(&format!("{}\n", inline(row, look)));
            }
        } else {
            let mut paragraph = line.to_owned();
            let goes_on = |next: &&str| !next.is_empty() && !next.starts_with(['`', '|', '-']);
            while let Some(next) = lines.next_if(goes_on) {
                paragraph.push(' ');
                paragraph.push_str(next.trim());
            }
            out.push_str(&wrap(&paragraph, width, look));
        }
        while lines.next_if(|line| line.is_empty()).is_some() {}
    }
    out
}

/// A paragraph in lines of at most `width` characters.
fn wrap(paragraph: &str, width: usize, look: Look) -> String {
    let mut lines = vec![String::new()];
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push(String::new());
            column = 0;
        }
        if let Some(line) = lines.last_mut() {
            if column > 0 {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
        }
        column += length;
    }
    inline(&lines.join("\n"), look) + "\n"
}

/// What Markdown marks as code is coloured, or stays between its backticks.
fn inline(text: &str, look: Look) -> String {
    if !look.colour {
        return text.to_owned();
    }
    let mut out = String::new();
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 0 { out.push_str(piece) } else { out.push_str(&paint(piece, CODE, look)) }
    }
    out
}

fn bold(text: &str, look: Look) -> String {
    paint(text, BOLD, look)
}

fn paint(text: &str, style: &str, look: Look) -> String {
    if look.colour { format!("{style}{text}{PLAIN}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_of_the_page_can_be_explained() {
        let count = PAGE.lines().filter(|line| line.starts_with("### ")).count();
        assert_eq!(sections().count(), count);
        for section in sections() {
            let text = explain(&section, Look::PLAIN);
            assert!(text.starts_with(&format!("{} {}\n\n", section.code, section.title)), "{text}");
            assert!(!text.contains("```") && !text.contains("\n\n\n"), "{text}");
        }
    }

    #[test]
    fn examples_are_set_apart_and_paragraphs_wrapped() {
        let body = "One two\nthree `four`.\n\n```beamtalk E1\nx := 'a'\n```\n- item\n- item";
        let section = Section { chapter: None, code: "E1", title: "T", body };
        let narrow = Look { width: Some(8), ..Look::PLAIN };
        let expected = "E1 T\n\nOne two\nthree\n`four`.\n\n    x := 'a'\n\n- item\n\n- item\n";
        assert_eq!(explain(&section, narrow), expected);
        let coloured = explain(&section, Look { colour: true, width: None });
        assert!(coloured.contains("three \u{1b}[36mfour\u{1b}[0m."), "{coloured}");
    }
}
