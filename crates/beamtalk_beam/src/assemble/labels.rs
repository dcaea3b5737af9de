//! Which labels are defined and which are used.

use super::AssembleError;
use crate::Label;

/// More labels than any file can hold code for; bounds what a wrong `next_label` makes us allocate.
const MOST_LABELS: u32 = 1 << 26;

const DEFINED: u8 = 1;
const USED: u8 = 2;

/// What is known of each label below `next_label`.
pub(super) struct Labels {
    states: Vec<u8>,
}

impl Labels {
    pub fn new(next_label: u32) -> Result<Self, AssembleError> {
        if next_label > MOST_LABELS {
            return Err(AssembleError::TooLarge("labels"));
        }
        Ok(Self { states: vec![0; next_label as usize] })
    }

    pub fn define(&mut self, label: Label) -> Result<(), AssembleError> {
        let state = self.state(label)?;
        if *state & DEFINED != 0 {
            return Err(AssembleError::DuplicateLabel(label.0));
        }
        *state |= DEFINED;
        Ok(())
    }

    #[inline]
    pub fn refer(&mut self, label: Label) -> Result<(), AssembleError> {
        *self.state(label)? |= USED;
        Ok(())
    }

    /// Every used label must be defined.
    pub fn check(&self) -> Result<(), AssembleError> {
        match (0..).zip(&self.states).find(|(_, state)| **state == USED) {
            Some((label, _)) => Err(AssembleError::UndefinedLabel(label)),
            None => Ok(()),
        }
    }

    #[inline]
    fn state(&mut self, label: Label) -> Result<&mut u8, AssembleError> {
        // 0 means "no label" in the format.
        let found = self.states.get_mut(label.0 as usize).filter(|_| label.0 != 0);
        found.ok_or(AssembleError::LabelOutOfRange(label.0))
    }
}
