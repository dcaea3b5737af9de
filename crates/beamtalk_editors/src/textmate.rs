//! An interpreter of `TextMate` grammars, as far as ours goes: which scopes does each byte get?
//!
//! The rules are those of the `TextMate` manual, section "Language Grammars": text is read a line at a
//! time; of all patterns the one that matches first wins, and of several that match at one place the
//! end of the open rule, then the earlier pattern.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use fancy_regex::Regex;
use serde_json::{Map, Value};

/// Why a grammar cannot be used.
#[derive(Debug)]
pub struct GrammarError(String);

impl fmt::Display for GrammarError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for GrammarError {}

/// A grammar, ready for use.
#[derive(Debug, Default)]
pub struct Grammar {
    rules: Vec<Rule>,
    /// The rules of the repository.
    named: HashMap<String, usize>,
    root: Vec<usize>,
}

#[derive(Debug, Default)]
struct Rule {
    name: String,
    content_name: String,
    matcher: Matcher,
    patterns: Vec<usize>,
}

#[derive(Debug, Default)]
enum Matcher {
    /// Only a list of other rules.
    #[default]
    Group,
    Match(Regex, Vec<Capture>),
    Span {
        begin: Regex,
        begin_captures: Vec<Capture>,
        end: Regex,
        end_captures: Vec<Capture>,
    },
}

/// What a group of a match is given: a name, or rules of its own.
#[derive(Debug)]
struct Capture {
    group: usize,
    name: String,
    patterns: Vec<usize>,
}

/// Deepest nesting of rules that are open.
const MAX_OPEN: usize = 256;

impl Grammar {
    /// Read a grammar in its JSON form.
    ///
    /// # Errors
    ///
    /// When a regular expression is none, or a rule includes one that is not there.
    pub fn new(json: &Value) -> Result<Self, GrammarError> {
        let mut grammar = Self::default();
        let none = Map::new();
        let repository = json["repository"].as_object().unwrap_or(&none);
        for name in repository.keys() {
            grammar.named.insert(format!("#{name}"), grammar.rules.len());
            grammar.rules.push(Rule::default());
        }
        for (name, json) in repository {
            let index = grammar.named[&format!("#{name}")];
            grammar.rules[index] = grammar.rule(json)?;
        }
        grammar.root = grammar.patterns(&json["patterns"])?;
        Ok(grammar)
    }

    /// The names of the repository that nothing includes.
    #[must_use]
    pub fn unused(&self) -> Vec<&str> {
        let captures = |rule: &Rule| -> Vec<usize> {
            let lists: Vec<&[Capture]> = match &rule.matcher {
                Matcher::Group => Vec::new(),
                Matcher::Match(_, captures) => vec![captures],
                Matcher::Span { begin_captures, end_captures, .. } => vec![begin_captures, end_captures],
            };
            lists.into_iter().flatten().flat_map(|capture| capture.patterns.clone()).collect()
        };
        let included = |index: usize| {
            self.root.contains(&index)
                || self
                    .rules
                    .iter()
                    .any(|rule| rule.patterns.contains(&index) || captures(rule).contains(&index))
        };
        self.named.iter().filter(|(_, index)| !included(**index)).map(|(name, _)| name.as_str()).collect()
    }

    fn rule(&mut self, json: &Value) -> Result<Rule, GrammarError> {
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let matcher = if json["match"].is_string() {
            Matcher::Match(regex(&json["match"])?, self.captures(&json["captures"])?)
        } else if json["begin"].is_string() {
            Matcher::Span {
                begin: regex(&json["begin"])?,
                begin_captures: self.captures(&json["beginCaptures"])?,
                end: regex(&json["end"])?,
                end_captures: self.captures(&json["endCaptures"])?,
            }
        } else {
            Matcher::Group
        };
        let patterns = self.patterns(&json["patterns"])?;
        Ok(Rule { name: text("name"), content_name: text("contentName"), matcher, patterns })
    }

    fn patterns(&mut self, json: &Value) -> Result<Vec<usize>, GrammarError> {
        let mut indices = Vec::new();
        for pattern in json.as_array().into_iter().flatten() {
            if let Some(name) = pattern["include"].as_str() {
                let index = self.named.get(name).ok_or_else(|| GrammarError(format!("no rule {name}")))?;
                indices.push(*index);
                continue;
            }
            let rule = self.rule(pattern)?;
            indices.push(self.rules.len());
            self.rules.push(rule);
        }
        Ok(indices)
    }

    fn captures(&mut self, json: &Value) -> Result<Vec<Capture>, GrammarError> {
        let mut captures = Vec::new();
        for (group, capture) in json.as_object().into_iter().flatten() {
            let group = group.parse().map_err(|_| GrammarError(format!("no group {group}")))?;
            let name = capture["name"].as_str().unwrap_or_default().to_owned();
            captures.push(Capture { group, name, patterns: self.patterns(&capture["patterns"])? });
        }
        Ok(captures)
    }

    /// The scopes of each byte of `text`, outermost first, separated by spaces.
    #[must_use]
    pub fn scopes(&self, text: &str) -> Vec<String> {
        let mut painter =
            Painter { grammar: self, scopes: vec![String::new(); text.len()], open: Vec::new() };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            painter.line(line, start);
            start += line.len();
        }
        painter.scopes
    }
}

fn regex(json: &Value) -> Result<Regex, GrammarError> {
    let source = json.as_str().unwrap_or_default();
    // Lines are matched one by one, so `^` and `$` are those of the line, whose end may be there.
    Regex::new(&format!("(?m){source}")).map_err(|error| GrammarError(format!("{source}: {error}")))
}

/// The groups of a match.
type Found<'t> = fancy_regex::Captures<'t, str>;

/// The rule that matches next, and where.
enum Next<'r, 't> {
    End(&'r [Capture], Found<'t>),
    Match(usize, Found<'t>),
}

struct Painter<'g> {
    grammar: &'g Grammar,
    scopes: Vec<String>,
    /// The spans that are open, innermost last.
    open: Vec<usize>,
}

impl<'g> Painter<'g> {
    /// Read a line that begins at byte `base` of the text.
    fn line(&mut self, line: &str, base: usize) {
        let mut at = 0;
        // The place and depth at which a span was opened or closed without consuming anything.
        let mut idle = None;
        while at < line.len() {
            let Some(next) = self.next(line, at) else { break };
            let whole = match &next {
                Next::End(_, captures) | Next::Match(_, captures) => captures.get(0).map(|all| all.range()),
            };
            let Some(whole) = whole else { break };
            self.paint(base, at..whole.start, "");
            match next {
                Next::End(ends, captures) => {
                    let rule = self.open.pop().map(|index| &self.grammar.rules[index]);
                    let name = rule.map_or("", |rule| rule.name.as_str()).to_owned();
                    self.paint(base, whole.clone(), &name);
                    self.paint_captures(base, line, ends, &captures);
                }
                Next::Match(index, captures) => self.matched(index, base, line, &captures),
            }
            at = whole.end;
            if whole.is_empty() && idle.replace((at, self.open.len())) == Some((at, self.open.len())) {
                self.paint(base, at..at + 1, "");
                at += line[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        self.paint(base, at.min(line.len())..line.len(), "");
    }

    fn matched(&mut self, index: usize, base: usize, line: &str, captures: &Found<'_>) {
        let grammar = self.grammar;
        let rule = &grammar.rules[index];
        let whole = captures.get(0).map_or(0..0, |all| all.range());
        self.paint(base, whole, &rule.name);
        match &rule.matcher {
            Matcher::Group => {}
            Matcher::Match(_, groups) => self.paint_captures(base, line, groups, captures),
            Matcher::Span { begin_captures, .. } => {
                self.paint_captures(base, line, begin_captures, captures);
                if self.open.len() < MAX_OPEN {
                    self.open.push(index);
                }
            }
        }
    }

    /// What matches first in `line` from `at` on: the end of the innermost span, or one of its patterns.
    fn next<'t>(&self, line: &'t str, at: usize) -> Option<Next<'g, 't>> {
        let grammar = self.grammar;
        let innermost = self.open.last().map(|index| &grammar.rules[*index]);
        let mut best = None;
        let mut first = usize::MAX;
        if let Some(Rule { matcher: Matcher::Span { end, end_captures, .. }, .. }) = innermost
            && let Ok(Some(captures)) = end.captures_from_pos(line, at)
        {
            first = captures.get(0).map_or(usize::MAX, |all| all.start());
            best = Some(Next::End(end_captures, captures));
        }
        for index in self.flat(innermost.map_or(&grammar.root, |rule| &rule.patterns)) {
            let (Matcher::Match(regex, _) | Matcher::Span { begin: regex, .. }) =
                &self.grammar.rules[index].matcher
            else {
                continue;
            };
            if let Ok(Some(captures)) = regex.captures_from_pos(line, at)
                && let Some(all) = captures.get(0)
                && all.start() < first
            {
                first = all.start();
                best = Some(Next::Match(index, captures));
            }
        }
        best
    }

    /// `patterns`, with lists replaced by what they hold.
    fn flat(&self, patterns: &[usize]) -> Vec<usize> {
        let mut flat = Vec::new();
        for index in patterns {
            match self.grammar.rules[*index].matcher {
                Matcher::Group => flat.extend(self.flat(&self.grammar.rules[*index].patterns)),
                _ => flat.push(*index),
            }
        }
        flat
    }

    /// Give a range the scopes of all open spans, and `name`.
    fn paint(&mut self, base: usize, range: Range<usize>, name: &str) {
        let mut scopes = String::new();
        for index in &self.open {
            let rule = &self.grammar.rules[*index];
            for scope in [&rule.name, &rule.content_name] {
                scopes.push_str(scope);
                scopes.push(' ');
            }
        }
        scopes.push_str(name);
        for byte in range {
            self.scopes[base + byte].clone_from(&scopes);
        }
    }

    /// Add the names of the groups that matched to the scopes of their text.
    fn paint_captures(&mut self, base: usize, line: &str, groups: &[Capture], captures: &Found<'_>) {
        for group in groups {
            let Some(found) = captures.get(group.group) else { continue };
            for byte in found.range() {
                let scopes = &mut self.scopes[base + byte];
                scopes.push(' ');
                scopes.push_str(&group.name);
            }
            let mut at = found.start();
            let text = &line[..found.end()];
            while let Some((index, inner)) = self.first_of(&group.patterns, text, at) {
                self.matched(index, base, text, &inner);
                at = inner.get(0).map_or(text.len(), |all| all.end().max(at + 1));
            }
        }
    }

    fn first_of<'t>(&self, patterns: &[usize], text: &'t str, at: usize) -> Option<(usize, Found<'t>)> {
        let candidates = self.flat(patterns).into_iter().filter_map(|index| {
            let Matcher::Match(regex, _) = &self.grammar.rules[index].matcher else { return None };
            Some((index, regex.captures_from_pos(text, at).ok()??))
        });
        candidates.min_by_key(|(_, captures)| captures.get(0).map(|all| all.start()))
    }
}
