//! Versions: `major.minor.patch`, as packages and their dependencies have them (spec 07 sections 6.1 and 6.5).

use std::fmt;

/// A version, ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

/// The number of a version that is to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Mistakes were mended.
    Patch,
    /// Something came that breaks nothing.
    Minor,
    /// What was there is there no more, or not as it was.
    Major,
}

impl Version {
    /// Reads exactly three numbers.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains(|c: char| "^~<>=*".contains(c)) {
            return Err("version ranges (^, ~>, >=, <, =, *) are not supported".into());
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [major, minor, patch] = parts.as_slice() else {
            let found = parts.len();
            return Err(format!("expected exactly three segments (major.minor.patch), found {found}"));
        };
        Ok(Self { major: number(major)?, minor: number(minor)?, patch: number(patch)? })
    }

    /// The next version, with the numbers behind `part` at zero.
    #[must_use]
    pub fn bump(self, part: Part) -> Self {
        let Self { major, minor, patch } = self;
        match part {
            Part::Patch => Self { patch: patch.saturating_add(1), ..self },
            Part::Minor => Self { major, minor: minor.saturating_add(1), patch: 0 },
            Part::Major => Self { major: major.saturating_add(1), minor: 0, patch: 0 },
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    match number {
        Some(_) if text.len() > 1 && text.starts_with('0') => Err("leading zeros are not allowed".into()),
        Some(number) => Ok(number),
        None => Err(format!("'{text}' is not a number")),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers_in_their_order() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("0.9.10") < version("0.10.0") && version("0.10.0") < version("1.0.0"));
        assert_eq!(version("1.2.3").to_string(), "1.2.3");
        for (text, said) in [
            ("1.2", "found 2"),
            ("1.2.3.4", "found 4"),
            ("1.02.3", "leading zeros"),
            ("1.+2.3", "'+2' is not a number"),
            ("1..3", "'' is not a number"),
            ("~> 1.2.3", "ranges"),
        ] {
            assert!(Version::parse(text).unwrap_err().contains(said), "{text}");
        }
    }

    #[test]
    fn a_bump_sets_what_is_behind_to_zero() {
        let version = Version::parse("1.2.3").unwrap();
        let bumped = [Part::Patch, Part::Minor, Part::Major].map(|part| version.bump(part).to_string());
        assert_eq!(bumped, ["1.2.4", "1.3.0", "2.0.0"]);
    }
}
