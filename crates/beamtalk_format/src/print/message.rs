//! Messages: unary and binary chains, keyword messages, cascades (spec 01b section 24.2).

use beamtalk_syntax::ast::{Expr, ExprKind, Message, Send};

use super::Printer;
use crate::document::Doc;

fn is_keyword(message: &Message) -> bool {
    message.parts.first().is_some_and(|part| part.name.ends_with(':'))
}

fn is_concatenation(message: &Message) -> bool {
    matches!(message.parts.as_slice(), [part] if part.name == "++")
}

/// At the start of a line inside a method these would begin a declaration (spec 01 section 5.3).
fn declares(message: &Message) -> bool {
    let word = |name: &str| matches!(name, "field:" | "state:" | "classState:");
    message.parts.iter().any(|part| word(&part.name))
}

impl Printer<'_> {
    pub(super) fn send(&mut self, send: &Send) -> Doc {
        if is_keyword(&send.message) {
            self.keyword_send(&send.receiver, &send.message)
        } else if is_concatenation(&send.message) {
            self.concatenation(send)
        } else {
            self.chain(send)
        }
    }

    /// Unary and binary messages are never broken. Walked by a loop, for chains are long.
    fn chain(&mut self, send: &Send) -> Doc {
        let mut messages = vec![&send.message];
        let mut receiver = &send.receiver;
        while let ExprKind::Send(inner) = &receiver.kind
            && !is_keyword(&inner.message)
            && !is_concatenation(&inner.message)
        {
            messages.push(&inner.message);
            receiver = &inner.receiver;
        }
        let mut docs = vec![self.expr(receiver)];
        for message in messages.into_iter().rev() {
            docs.push(self.text(" "));
            docs.push(self.message(message));
        }
        self.documents.concat(&docs)
    }

    /// `a ++ b ++ c`, on one line or one operand a line.
    fn concatenation(&mut self, send: &Send) -> Doc {
        let mut messages = vec![&send.message];
        let mut receiver = &send.receiver;
        while let ExprKind::Send(inner) = &receiver.kind
            && is_concatenation(&inner.message)
        {
            messages.push(&inner.message);
            receiver = &inner.receiver;
        }
        let first = self.expr(receiver);
        let mut end = receiver.span.end;
        let mut docs = Vec::new();
        for message in messages.into_iter().rev() {
            let start = message.arguments.first().map_or(message.span.end, |operand| operand.span.start);
            self.gap(end, start, false, &mut docs);
            docs.push(self.message(message));
            end = message.span.end;
        }
        let rest = self.documents.concat(&docs);
        let rest = self.documents.nest(rest);
        let all = self.documents.concat(&[first, rest]);
        self.documents.group(all)
    }

    /// The line break between `end` and what begins at `start`, with the comments there.
    fn gap(&mut self, end: u32, start: u32, hard: bool, docs: &mut Vec<Doc>) {
        let found = self.comments.claim(end, start);
        let (behind, above) = self.comments.split(found, end, start, false);
        docs.push(self.trailing(&behind));
        docs.push(if hard { self.documents.hard() } else { self.documents.line() });
        docs.push(self.hoisted(&above));
    }

    fn keyword_send(&mut self, receiver: &Expr, message: &Message) -> Doc {
        let receiver_doc = self.expr(receiver);
        let mut arguments = Vec::new();
        for argument in &message.arguments {
            arguments.push(self.expr(argument));
        }
        let inline = self.interpolations > 0 || declares(message);
        let commented = !inline && self.commented(receiver, message);
        let spans_lines = arguments.iter().any(|argument| self.documents.is_forced(*argument));
        let hard = message.parts.len() > 2 || commented || spans_lines;
        if inline || (!hard && message.arguments.iter().any(Self::opens)) {
            let mut docs = vec![receiver_doc, self.documents.seam()];
            for (part, argument) in message.parts.iter().zip(arguments) {
                docs.push(self.text(format!(" {} ", part.name)));
                docs.push(argument);
            }
            return self.documents.concat(&docs);
        }
        let mut docs = Vec::new();
        let mut end = receiver.span.end;
        for ((part, node), argument) in message.parts.iter().zip(&message.arguments).zip(arguments) {
            self.gap(end, node.span.start, hard, &mut docs);
            docs.push(self.text(format!("{} ", part.name)));
            docs.push(argument);
            end = node.span.end;
        }
        let parts = self.documents.concat(&docs);
        let parts = self.documents.nest(parts);
        let parts = self.documents.group(parts);
        self.documents.concat(&[receiver_doc, parts])
    }

    /// Whether comments stand between receiver, parts and arguments.
    fn commented(&mut self, receiver: &Expr, message: &Message) -> bool {
        let mut end = receiver.span.end;
        for argument in &message.arguments {
            let found = self.comments.claim(end, argument.span.start);
            self.comments.release(&found);
            if !found.is_empty() {
                return true;
            }
            end = argument.span.end;
        }
        false
    }

    /// A message on one line, but for what its arguments break.
    fn message(&mut self, message: &Message) -> Doc {
        let mut docs = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            if index > 0 {
                docs.push(self.text(" "));
            }
            docs.push(self.text(part.name.to_string()));
            if let Some(argument) = message.arguments.get(index) {
                docs.push(self.text(" "));
                docs.push(self.expr(argument));
            }
        }
        self.documents.concat(&docs)
    }

    /// `receiver first; second; third`
    pub(super) fn cascade(&mut self, receiver: &Expr, messages: &[Message]) -> Doc {
        let mut docs = vec![self.expr(receiver), self.text(" ")];
        let mut rest = Vec::new();
        let mut end = receiver.span.end;
        for (index, message) in messages.iter().enumerate() {
            if index == 0 {
                docs.push(self.message(message));
            } else {
                rest.push(self.text(";"));
                let found = self.comments.claim(end, message.span.start);
                self.comments.release(&found);
                if messages.len() == 2 && found.is_empty() {
                    rest.push(self.text(" "));
                } else {
                    self.gap(end, message.span.start, false, &mut rest);
                }
                rest.push(self.message(message));
            }
            end = message.span.end;
        }
        let rest = self.documents.concat(&rest);
        docs.push(if messages.len() == 2 && !self.documents.is_forced(rest) {
            rest
        } else {
            self.documents.nest(rest)
        });
        let all = self.documents.concat(&docs);
        if messages.len() == 2 { all } else { self.documents.group(all) }
    }
}
