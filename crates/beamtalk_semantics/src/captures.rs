//! Where variables live: register or cell.
//!
//! A variable needs a cell exactly when a closure captures it and it is assigned after that, or by a closure
//! (architecture section 5); a session variable as soon as a closure captures it, as any later input may assign it. "After" is textual order, except in loops, where an assignment anywhere in the body
//! follows a capture anywhere in the body. A cell dies with its activation unless a closure that carries it
//! may outlive the activation, because it escapes or is assigned to a variable from outside. Where a closure is given to a method that
//! may store it anywhere, only the running program knows: such an activation is watched. [`Captures::finish`] decides all of it.

use smol_str::SmolStr;

use crate::hir::{Activation, ActivationId, Storage, Var, VarId};

/// What happens to the value of an expression, as far as closures in it are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Dropped, or used up where it stands: an operand, a receiver or an argument of a message that only runs it.
    Local,
    /// Receiver or argument of a message whose method may do anything with it.
    Given,
    /// May outlive the activation: returned, stored in a field or a collection.
    Escapes,
    /// Assigned to a variable; it escapes if the variable does.
    Into(VarId),
}

#[derive(Debug, Default, Clone)]
struct History {
    captured: bool,
    first_capture: u32,
    last_capture: u32,
    last_assign: u32,
    declared: u32,
    needs_cell: bool,
    escapes: bool,
    given: bool,
}

#[derive(Debug)]
struct ClosureSite {
    maker: ActivationId,
    captures: Vec<VarId>,
    usage: Use,
}

/// Events of one unit in textual order.
#[derive(Debug, Default)]
pub struct Captures {
    clock: u32,
    history: Vec<History>,
    captured: Vec<VarId>,
    sites: Vec<ClosureSite>,
    /// Variables that may share the cell of another one.
    copies: Vec<(VarId, VarId)>,
}

impl Captures {
    fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    fn at(&mut self, var: VarId) -> &mut History {
        &mut self.history[var.0 as usize]
    }

    /// A variable comes into being; ids are consecutive.
    pub fn declared(&mut self) {
        let declared = self.tick();
        self.history.push(History { declared, ..History::default() });
    }

    /// A closure uses the variable.
    pub fn captured(&mut self, var: VarId) {
        let now = self.tick();
        let history = self.at(var);
        history.last_capture = now;
        if !history.captured {
            history.captured = true;
            history.first_capture = now;
            self.captured.push(var);
        }
    }

    /// The variable is assigned again; `in_closure` when by a closure that captures it.
    pub fn assigned(&mut self, var: VarId, in_closure: bool) {
        let now = self.tick();
        let history = self.at(var);
        history.last_assign = now;
        if in_closure || history.captured {
            history.needs_cell = true;
        }
    }

    /// The variable's value is used in a way that lets it escape.
    pub fn escapes(&mut self, var: VarId) {
        self.at(var).escapes = true;
    }

    /// The variable's value goes to a method that may do anything with it.
    pub fn given(&mut self, var: VarId) {
        self.at(var).given = true;
    }

    /// `copy` shares the cell of `of`, if that is one. If `of` is assigned at all, it is a cell of its own at least, so that a block
    /// that is used later does not take an old value for the present one.
    pub fn copied(&mut self, of: VarId, copy: VarId) {
        self.copies.push((of, copy));
    }

    /// A loop body starts; give the answer to [`Self::loop_end`].
    pub fn loop_start(&mut self) -> u32 {
        self.tick()
    }

    /// The loop body that started at `start` ends.
    pub fn loop_end(&mut self, start: u32) {
        for var in &self.captured {
            let history = &mut self.history[var.0 as usize];
            if history.declared < start && history.last_capture >= start && history.last_assign >= start {
                history.needs_cell = true;
            }
        }
    }

    /// The activation `maker` makes a closure with these captures and uses it so.
    pub fn closure(&mut self, maker: ActivationId, captures: Vec<VarId>, usage: Use) {
        self.sites.push(ClosureSite { maker, captures, usage });
    }

    /// How many closures were made so far.
    pub fn site_count(&self) -> usize {
        self.sites.len()
    }

    /// Closures that `maker` made since `from` and that were thought to escape are in fact assigned to `var`,
    /// which did not exist yet when they were made.
    pub fn redirect(&mut self, from: usize, maker: ActivationId, var: VarId) {
        for site in &mut self.sites[from..] {
            if site.maker == maker && site.usage == Use::Escapes {
                site.usage = Use::Into(var);
            }
        }
    }

    /// Every captured or assigned session variable becomes a cell: some block returns from the input, and
    /// only cells survive that.
    pub fn force_cells(&mut self, vars: impl Iterator<Item = VarId>) {
        for var in vars {
            self.at(var).needs_cell = true;
        }
    }

    /// Decide storage and fill in the activations.
    pub fn finish(self, vars: &mut [Var], activations: &mut [Activation]) {
        for (var, history) in vars.iter_mut().zip(&self.history) {
            // A later input may assign a session variable that a block of this one has captured.
            if history.needs_cell || (var.session && history.captured) {
                var.storage = Storage::Cell;
                if !var.session {
                    activations[var.activation.0 as usize].cells = true;
                }
            }
        }
        for (of, copy) in &self.copies {
            let is_shared = vars[of.0 as usize].storage == Storage::Cell;
            let copy = &mut vars[copy.0 as usize];
            if is_shared || self.history[of.0 as usize].last_assign > 0 {
                copy.storage = Storage::Cell;
                activations[copy.activation.0 as usize].cells |= !is_shared;
            }
        }
        let depth = |var: VarId| activations[vars[var.0 as usize].activation.0 as usize].depth;
        // How long what a variable holds may live: until the activation of that depth ends; for ever, if `None`.
        let mut contents: Vec<Option<u32>> = (0..)
            .zip(&self.history)
            .map(|(id, history)| (!history.escapes).then(|| depth(VarId(id))))
            .collect();
        // The same of the variable itself, which closures share.
        let mut shared: Vec<Option<u32>> = vec![Some(u32::MAX); vars.len()];
        // Whether what a variable holds, or the variable itself, may be stored by somebody else.
        let mut held: Vec<bool> = self.history.iter().map(|history| history.given).collect();
        let mut reached: Vec<bool> = vec![false; vars.len()];
        // A closure takes along the variables it captures, and with them the closures those hold.
        let mut changed = true;
        while changed {
            changed = false;
            for site in &self.sites {
                let (life, given) = match site.usage {
                    Use::Local => continue,
                    Use::Given => (Some(u32::MAX), true),
                    Use::Escapes => (None, false),
                    Use::Into(var) => (contents[var.0 as usize], held[var.0 as usize]),
                };
                for var in site.captures.iter().map(|var| var.0 as usize) {
                    changed |= life < contents[var] || (given && !held[var]);
                    contents[var] = life.min(contents[var]);
                    shared[var] = life.min(shared[var]);
                    held[var] |= given;
                    reached[var] |= given;
                }
            }
            for (of, copy) in self.copies.iter().map(|(of, copy)| (of.0 as usize, copy.0 as usize)) {
                changed |= contents[copy] < contents[of] || (held[copy] && !held[of]);
                contents[of] = contents[of].min(contents[copy]);
                shared[of] = shared[of].min(shared[copy]);
                held[of] |= held[copy];
                reached[of] |= reached[copy];
            }
        }
        for ((var, life), reached) in vars.iter().zip(shared).zip(reached) {
            let activation = &mut activations[var.activation.0 as usize];
            if var.storage == Storage::Cell && !activation.apart {
                activation.keep_cells |= life < Some(activation.depth);
                activation.watched |= reached;
            }
        }
    }
}

/// Whether the library's method only runs the block that is its argument at `index`. All others may store it, like those
/// of streams, which run theirs later.
pub fn runs_argument(selector: &str, index: usize) -> bool {
    match selector {
        "do:separatedBy:" | "detect:ifNone:" | "ifTrue:ifFalse:" | "ifNil:ifNotNil:" | "ifNotNil:ifNil:"
        | "ifOk:ifError:" => true,
        "inject:into:" | "at:ifAbsent:" | "on:do:" | "to:do:" | "open:do:" => index == 1,
        "to:by:do:" | "open:mode:do:" => index == 2,
        _ => index == 0 && runs_only_argument(selector),
    }
}

fn runs_only_argument(selector: &str) -> bool {
    matches!(
        selector,
        "do:"
            | "eachWithIndex:"
            | "keysAndValuesDo:"
            | "doWithKey:"
            | "detect:"
            | "anySatisfy:"
            | "allSatisfy:"
            | "noneSatisfy:"
            | "count:"
            | "groupBy:"
            | "partition:"
            | "flatMap:"
            | "sort:"
            | "timesRepeat:"
            | "whileTrue:"
            | "whileFalse:"
            | "ifTrue:"
            | "ifFalse:"
            | "and:"
            | "or:"
            | "ifNil:"
            | "ifNotNil:"
            | "ensure:"
            | "tryDo:"
            | "should:raise:"
            | "map:"
            | "mapError:"
            | "andThen:"
            | "ifError:"
            | "valueOrDo:"
            | "unwrapOrElse:"
    )
}

/// Whether the library's method for blocks only runs its receiver.
pub fn runs_receiver(selector: &str) -> bool {
    matches!(
        selector,
        "value"
            | "value:"
            | "value:value:"
            | "value:value:value:"
            | "valueWithArguments:"
            | "whileTrue:"
            | "whileFalse:"
            | "repeat"
            | "on:do:"
            | "ensure:"
            | "arity"
    )
}

/// Whether a class that has this method makes it unknown what becomes of a block.
pub fn is_trusted(selector: &str) -> bool {
    runs_receiver(selector) || (0..3).any(|index| runs_argument(selector, index))
}

/// A fresh variable.
pub fn new_var(name: SmolStr, activation: ActivationId, span: beamtalk_text::Span) -> Var {
    Var { name, activation, storage: Storage::Register, span, session: false }
}
