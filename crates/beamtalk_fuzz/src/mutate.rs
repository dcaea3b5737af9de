//! Inputs made by damaging a corpus.

/// Longest input that is made, in bytes.
const LONGEST: usize = 16 * 1024;

/// A reproducible source of damaged inputs.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator over a corpus; equal seeds give equal inputs. An empty corpus is one empty input.
    #[must_use]
    pub fn new(seed: u64, mut corpus: Vec<Vec<u8>>) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        Self { state: seed | 1, corpus }
    }

    /// xorshift64*, Vigna 2014.
    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, 0 for a limit of 0.
    fn below(&mut self, limit: usize) -> usize {
        let random = usize::try_from(self.random() >> 16).unwrap_or(0);
        random.checked_rem(limit).unwrap_or(0)
    }

    /// A range of `bytes`.
    fn piece(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = (length - start).min(64) + 1;
        start..start + self.below(most)
    }

    /// Writes the next input into `input`.
    pub fn next_input(&mut self, input: &mut Vec<u8>) {
        let index = self.below(self.corpus.len());
        input.clone_from(&self.corpus[index]);
        for _ in 0..=self.below(8) {
            self.damage(input);
        }
        input.truncate(LONGEST);
    }

    fn damage(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = u8::try_from(self.below(256)).unwrap_or(0),
            2 => input.insert(at, u8::try_from(self.below(256)).unwrap_or(0)),
            3 => {
                let piece = self.piece(input.len());
                input.drain(piece);
            }
            4 => {
                let piece = self.piece(input.len());
                let copy = input[piece].to_vec();
                for _ in 0..=self.below(32) {
                    input.splice(at..at, copy.iter().copied());
                    if input.len() > LONGEST {
                        break;
                    }
                }
            }
            5 => {
                let other = self.below(self.corpus.len());
                let piece = self.piece(self.corpus[other].len());
                let copy = self.corpus[other][piece].to_vec();
                input.splice(at..at, copy);
            }
            6 => input.truncate(at),
            _ => input.extend_from_slice(&[0, 0xFF, b'(', b'"'][..=self.below(4)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_inputs() {
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed, vec![b"abc := 3".to_vec(), b"#(1, 2)".to_vec()]);
            let mut input = Vec::new();
            (0..50)
                .map(|_| {
                    mutator.next_input(&mut input);
                    input.clone()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        assert!(inputs(9).iter().all(|input| input.len() <= LONGEST));
    }
}
