//! Superclasses before their subclasses.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// Indices of `classes` (name, superclass) so that a class comes after its superclass where that is among them; otherwise
/// in the order given. Members of a cycle come in the order given.
pub fn superclass_first(classes: &[(SmolStr, Option<SmolStr>)]) -> Vec<usize> {
    let by_name: FxHashMap<&str, usize> =
        classes.iter().enumerate().map(|(index, (name, _))| (name.as_str(), index)).collect();
    let mut order = Vec::with_capacity(classes.len());
    let mut placed = vec![false; classes.len()];
    for start in 0..classes.len() {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| !placed[*index] && !path.contains(index)) {
            path.push(index);
            next = classes[index].1.as_ref().and_then(|parent| by_name.get(parent.as_str()).copied());
        }
        for index in path.into_iter().rev() {
            placed[index] = true;
            order.push(index);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::superclass_first;

    #[test]
    fn a_class_comes_after_its_superclass_whatever_the_file_order() {
        let classes = [
            ("C".into(), Some("B".into())),
            ("A".into(), Some("Object".into())),
            ("B".into(), Some("A".into())),
        ];
        assert_eq!(superclass_first(&classes), [1, 2, 0]);
    }

    #[test]
    fn a_cycle_ends() {
        let classes = [("A".into(), Some("B".into())), ("B".into(), Some("A".into()))];
        assert_eq!(superclass_first(&classes).len(), 2);
    }
}
