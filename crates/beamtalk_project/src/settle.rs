//! From all that was found in sources to what a surface shows: `@expect`, then the package's policy, then style.
//!
//! Build, check, lint, test and prompt all end here, so that one directive means the same to each of them.

use beamtalk_text::{Diagnostic, Severity};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::policy::Policy;
use crate::unit::Source;

/// The code of the word that an Erlang module is not known.
const UNKNOWN_MODULE: &str = "E0322";

/// How diagnostics are to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface<'p> {
    /// What the package says of categories.
    pub policy: &'p Policy,
    /// Count warnings and hints as errors.
    pub warnings_as_errors: bool,
    /// Show style, and each severity as it is built in: `beamtalk lint`.
    pub lint: bool,
    /// Erlang modules of the package and of those that it uses, which are there when the code runs.
    pub natives: &'p [String],
}

/// A source whose diagnostics are settled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled<'s> {
    /// Its text, tree and directives.
    pub source: &'s Source,
    /// Whether all that can be found in it was looked for, so that a directive may be called stale.
    pub whole: bool,
}

/// What a surface shows of `found`, by file and place.
pub(crate) fn settle(
    sources: &[Settled<'_>],
    found: Vec<(SmolStr, Diagnostic)>,
    surface: Surface<'_>,
) -> Vec<(SmolStr, Diagnostic)> {
    let mut kept = Vec::with_capacity(found.len());
    let mut used: Vec<Vec<bool>> =
        sources.iter().map(|each| vec![false; each.source.expectations.len()]).collect();
    // Inputs of a prompt have one path.
    let mut of_path: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, each) in sources.iter().enumerate().filter(|(_, each)| !each.source.expectations.is_empty()) {
        of_path.entry(&each.source.path).or_default().push(index);
    }
    for (path, diagnostic) in found {
        let mut expected = false;
        for &index in of_path.get(path.as_str()).into_iter().flatten() {
            let source = sources[index].source;
            if source.refuses(&diagnostic) {
                continue;
            }
            for (expectation, used) in source.expectations.iter().zip(&mut used[index]) {
                if expectation.matches(&diagnostic) {
                    *used = true;
                    expected = true;
                }
            }
        }
        if !expected {
            kept.push((path, diagnostic));
        }
    }
    let failed: FxHashSet<SmolStr> =
        kept.iter().filter(|(_, each)| each.is_error()).map(|(path, _)| path.clone()).collect();
    for (settled, used) in sources.iter().zip(&used) {
        // Behind an error much is not looked at.
        if settled.whole && !failed.contains(&settled.source.path) {
            let unused = settled.source.expectations.iter().zip(used).filter(|(_, used)| !**used);
            let stale = unused.filter_map(|(expectation, _)| expectation.stale());
            kept.extend(stale.map(|diagnostic| (settled.source.path.clone(), diagnostic)));
        }
    }
    let mut shown: Vec<(SmolStr, Diagnostic)> =
        kept.into_iter().filter_map(|(path, diagnostic)| Some((path, surface.shown(diagnostic)?))).collect();
    shown.sort_by(|a, b| {
        (&a.0, a.1.span, a.1.severity, a.1.code).cmp(&(&b.0, b.1.span, b.1.severity, b.1.code))
    });
    shown.dedup();
    shown
}

impl Surface<'_> {
    fn shown(&self, diagnostic: Diagnostic) -> Option<Diagnostic> {
        if diagnostic.code == UNKNOWN_MODULE
            && self.natives.iter().any(|module| diagnostic.message.ends_with(&format!("`{module}`")))
        {
            return None;
        }
        if self.lint {
            let counts = diagnostic.severity == Severity::Lint
                || diagnostic.category.is_some()
                || diagnostic.code == STALE;
            return (counts && !self.policy.is_off(&diagnostic)).then_some(diagnostic);
        }
        self.policy.apply(diagnostic, self.warnings_as_errors).filter(|each| each.severity != Severity::Lint)
    }
}

/// The code of a directive that nothing matched.
pub(crate) const STALE: &str = "W0640";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Level;
    use beamtalk_text::{Category, Span};

    fn shown(text: &str, found: &[Diagnostic], surface: Surface<'_>) -> Vec<String> {
        let source = Source::new("a.bt", text);
        let found = found.iter().map(|each| ("a.bt".into(), each.clone())).collect();
        let settled = settle(&[Settled { source: &source, whole: true }], found, surface);
        settled.into_iter().map(|(_, each)| each.message).collect()
    }

    fn build(text: &str, found: &[Diagnostic]) -> Vec<String> {
        shown(
            text,
            found,
            Surface { policy: &Policy::default(), warnings_as_errors: false, lint: false, natives: &[] },
        )
    }

    /// A hint about the first `needle` of the text.
    fn hint_at(text: &str, needle: &str, category: Category) -> Diagnostic {
        let start = u32::try_from(text.find(needle).unwrap()).unwrap();
        let end = start + u32::try_from(needle.len()).unwrap();
        Diagnostic::hint("E0000", Span::new(start, end), "found").in_category(category)
    }

    const METHOD: &str = "Object subclass: A\n  m =>\n    @expect dnu \"why\"\n    x foo\n    y foo\n";

    #[test]
    fn a_directive_covers_the_next_statement_and_its_own_category() {
        let of = |needle, category| build(METHOD, &[hint_at(METHOD, needle, category)]);
        assert_eq!(of("x foo", Category::Dnu), Vec::<String>::new());
        let stale = "stale @expect dnu “why”: no matching diagnostic here";
        assert_eq!(of("y foo", Category::Dnu), [stale, "found"]);
        assert_eq!(of("x foo", Category::Type), [stale, "found"]);
    }

    #[test]
    fn a_directive_above_a_declaration_covers_all_of_it() {
        for text in [
            "Object subclass: A\n  @expect type\n  m =>\n    [ x foo ]\n",
            "Object subclass: A\n  @expect type\n  state: a = x foo\n",
            "@expect type\nA >> m => x foo\n",
        ] {
            assert_eq!(build(text, &[hint_at(text, "x foo", Category::Dnu)]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_directive_is_found_wherever_a_statement_can_be() {
        for place in [
            "[@expect dnu\n x foo]",
            "#([@expect dnu\n x foo])",
            "#{#a => [@expect dnu\n x foo]}",
            "y bar; baz: [@expect dnu\n x foo]",
            "y match: [1 -> [@expect dnu\n x foo]; _ -> 2]",
            "^(z := [@expect dnu\n x foo])",
        ] {
            let text = format!("Object subclass: A\n  m =>\n    1\n    {place}\n");
            let found = hint_at(&text, "x foo", Category::Dnu);
            assert_eq!(build(&text, &[found]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn all_covers_errors_but_not_those_of_the_syntax() {
        let text = "@expect all\nx foo\n";
        let error = Diagnostic::error("E0000", Span::new(12, 17), "found");
        assert_eq!(build(text, &[error]), Vec::<String>::new());
        let broken = "@expect all\nx foo: (\n";
        let found = Source::new("a.bt", broken).parsed.diagnostics;
        assert!(found.iter().any(Diagnostic::is_error));
        assert!(!build(broken, &found).is_empty());
    }

    #[test]
    fn a_lint_shows_style_and_categories_as_they_are_built_in() {
        let mut policy = Policy::default();
        policy.set(Category::Unused, Level::Off);
        policy.set(Category::Dnu, Level::At(Severity::Error));
        let at = Span::new(0, 1);
        let found = [
            Diagnostic::lint("E0000", at, "style"),
            Diagnostic::warning("E0000", at, "unused").in_category(Category::Unused),
            Diagnostic::hint("E0000", at, "dnu").in_category(Category::Dnu),
            Diagnostic::error("E0000", at, "uncategorised"),
        ];
        let surface = |lint| Surface { policy: &policy, warnings_as_errors: false, lint, natives: &[] };
        let mut linted = shown("x", &found, surface(true));
        linted.sort();
        assert_eq!(linted, ["dnu", "style"]);
        let mut built = shown("x", &found, surface(false));
        built.sort();
        assert_eq!(built, ["dnu", "uncategorised"]);
    }
}
