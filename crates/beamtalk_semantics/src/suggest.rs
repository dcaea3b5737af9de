//! Did-you-mean (spec 05b section 6).

/// The candidate closest to `written`: Levenshtein distance 1 to 3 and below half of its length plus one;
/// the first of equals wins.
pub fn closest<'c>(written: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (written.chars().count() / 2 + 1).min(4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let bound = best.map_or(limit, |(distance, _)| distance);
        let distance = distance(written, candidate, bound);
        if distance >= 1 && distance < bound {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Levenshtein distance, or anything at least `bound` when it is not below `bound`.
fn distance(a: &str, b: &str, bound: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) >= bound {
        return bound;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn suggests_the_nearest_within_the_bound() {
        let names = ["increment", "decrement", "value"];
        assert_eq!(closest("incremnt", names.into_iter()), Some("increment"));
        assert_eq!(closest("valeu", names.into_iter()), Some("value"));
        assert_eq!(closest("zork", names.into_iter()), None);
        assert_eq!(closest("value", names.into_iter()), None);
    }
}
