//! Protocols: one signature a line (spec 01b section 24.3).

use beamtalk_syntax::ast::{ProtocolDef, Requirement};
use beamtalk_text::Span;

use super::file::start;
use super::signature::push_type_parameters;
use super::{Chunk, MEMBER, Printer, in_order};

fn start_of(requirement: &Requirement) -> u32 {
    start(requirement.doc.as_ref(), &[], requirement.span)
}

impl Printer<'_> {
    /// A protocol without what stands above it. What follows it begins at `limit`.
    pub(super) fn protocol(&mut self, protocol: &ProtocolDef, limit: u32) -> String {
        let mut out = format!("Protocol define: {}", protocol.name.name);
        push_type_parameters(&protocol.type_parameters, &mut out);
        let body = protocol.requirements.first().map_or(limit, start_of);
        let mut from = self.last_of_header(protocol);
        if let Some(extending) = &protocol.extending {
            out.push('\n');
            out.push_str("  extending: ");
            out.push_str(&extending.name);
            from = extending.span.end;
        }
        self.line_end(from, body, &mut out);
        let mut chunks = Vec::new();
        for (index, requirement) in protocol.requirements.iter().enumerate() {
            let limit = protocol.requirements.get(index + 1).map_or(limit, start_of);
            chunks.push(self.requirement(requirement, from, limit));
            from = requirement.span.end;
        }
        for (index, chunk) in in_order(chunks).iter().enumerate() {
            if index > 0 && chunk.blank {
                out.push('\n');
            }
            out.push_str(&chunk.text);
        }
        self.members_end(from, limit, &mut out);
        out
    }

    /// Where name and type parameters end.
    fn last_of_header(&self, protocol: &ProtocolDef) -> u32 {
        let last = protocol.type_parameters.last();
        let end = last.map_or(protocol.name.span.end, |parameter| {
            parameter.bound.as_ref().map_or(parameter.name.span.end, |bound| bound.span.end)
        });
        match self.token_from(end) {
            Some(token) if last.is_some() => token.span.end,
            _ => end,
        }
    }

    fn requirement(&mut self, requirement: &Requirement, from: u32, limit: u32) -> Chunk {
        let start = start_of(requirement);
        let above = self.comments.claim(from, start);
        let first = above.first().map_or(start, |comment| comment.span.start);
        let blank = self.comments.blank_before(first);
        let mut line = String::from(if requirement.class_side { "  class " } else { "  " });
        self.push_signature(&requirement.signature, requirement.return_type.as_ref(), &mut line);
        self.line_end(requirement.span.end, limit, &mut line);
        let span = requirement.span.to(Span::empty(start));
        let doc = requirement.doc.as_ref();
        let mut text = self.declaration_head(&above, doc, &[], span, true, MEMBER);
        text.push_str(&line);
        Chunk { text, blank, rank: u8::from(requirement.class_side) }
    }
}
