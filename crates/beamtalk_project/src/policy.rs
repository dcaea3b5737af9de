//! How loud a diagnostic is for a package (spec 05b section 4, 07 section 4).

use std::collections::BTreeMap;

use beamtalk_text::{Category, Diagnostic, Severity};

/// The categories by the names that manifests use.
pub const CATEGORIES: [(&str, Category); 17] = [
    ("dnu", Category::Dnu),
    ("type", Category::Type),
    ("unused", Category::Unused),
    ("empty-body", Category::EmptyBody),
    ("lint", Category::Lint),
    ("dead-assignment", Category::DeadAssignment),
    ("extension-conflict", Category::ExtensionConflict),
    ("deprecation", Category::Deprecation),
    ("actor-new", Category::ActorNew),
    ("visibility", Category::Visibility),
    ("unresolved-class", Category::UnresolvedClass),
    ("unresolved-ffi", Category::UnresolvedFfi),
    ("arity-mismatch", Category::ArityMismatch),
    ("shadowed-class", Category::ShadowedClass),
    ("type-annotation", Category::TypeAnnotation),
    ("inheritance", Category::Inheritance),
    ("sendability", Category::Sendability),
];

/// A category's severity in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Not shown at all.
    Off,
    /// Of this severity.
    At(Severity),
}

/// What a manifest says of each category, and whether warnings are errors.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    levels: BTreeMap<Category, Level>,
}

impl Policy {
    /// Give a category a severity.
    pub fn set(&mut self, category: Category, level: Level) {
        self.levels.insert(category, level);
    }

    /// What the manifest says of a category.
    #[must_use]
    pub fn level(&self, category: Category) -> Option<Level> {
        self.levels.get(&category).copied()
    }

    /// Whether the package does not want to hear of it. An error is always heard of.
    #[must_use]
    pub fn is_off(&self, diagnostic: &Diagnostic) -> bool {
        let level = diagnostic.category.and_then(|category| self.level(category));
        !diagnostic.is_error() && level == Some(Level::Off)
    }

    /// The diagnostic as this package wants it; `None` where it does not want it. An error stays one.
    #[must_use]
    pub fn apply(&self, mut diagnostic: Diagnostic, warnings_as_errors: bool) -> Option<Diagnostic> {
        if diagnostic.is_error() {
            return Some(diagnostic);
        }
        let named = diagnostic.category.and_then(|category| self.level(category));
        match named {
            Some(Level::Off) => return None,
            Some(Level::At(severity)) => diagnostic.severity = severity,
            None => {}
        }
        let soft = matches!(diagnostic.severity, Severity::Warning | Severity::Hint);
        let excluded = diagnostic.category.is_some_and(is_never_promoted) && named.is_none();
        if warnings_as_errors && soft && !excluded {
            diagnostic.severity = Severity::Error;
        }
        Some(diagnostic)
    }
}

/// Whether `--warnings-as-errors` leaves the category alone: what it finds depends on code that is not there.
#[must_use]
pub fn is_never_promoted(category: Category) -> bool {
    matches!(
        category,
        Category::UnresolvedClass | Category::UnresolvedFfi | Category::ArityMismatch | Category::Deprecation
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use beamtalk_text::Span;

    fn warning(category: Category) -> Diagnostic {
        Diagnostic::warning("E0000", Span::default(), "w").in_category(category)
    }

    #[test]
    fn the_table_changes_soft_diagnostics_only() {
        let mut policy = Policy::default();
        policy.set(Category::Dnu, Level::Off);
        policy.set(Category::Unused, Level::At(Severity::Error));
        assert_eq!(policy.apply(warning(Category::Dnu), false), None);
        assert!(policy.apply(warning(Category::Unused), false).unwrap().is_error());
        let hard = Diagnostic::error("E0001", Span::default(), "e").in_category(Category::Dnu);
        assert_eq!(policy.apply(hard.clone(), false), Some(hard));
    }

    #[test]
    fn promotion_spares_what_depends_on_absent_code_unless_the_table_names_it() {
        let mut policy = Policy::default();
        assert!(policy.apply(warning(Category::Unused), true).unwrap().is_error());
        assert!(!policy.apply(warning(Category::UnresolvedClass), true).unwrap().is_error());
        policy.set(Category::UnresolvedClass, Level::At(Severity::Warning));
        assert!(policy.apply(warning(Category::UnresolvedClass), true).unwrap().is_error());
        policy.set(Category::Type, Level::At(Severity::Lint));
        assert_eq!(policy.apply(warning(Category::Type), true).unwrap().severity, Severity::Lint);
    }
}
