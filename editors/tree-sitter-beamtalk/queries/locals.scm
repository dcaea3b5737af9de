; Methods and blocks are scopes; a variable exists from its first assignment on.

(method_definition) @local.scope
(extension_definition) @local.scope
(block) @local.scope
(match_arm) @local.scope

(parameter name: (identifier) @local.definition)
(block_parameter name: (identifier) @local.definition)
(assignment left: (identifier) @local.definition)
(assignment left: (tuple_pattern (identifier) @local.definition))
(assignment left: (array (identifier) @local.definition))
(assignment left: (list (identifier) @local.definition))
(match_arm pattern: (identifier) @local.definition)
(typed_pattern name: (identifier) @local.definition)
(constructor_pattern (identifier) @local.definition)
(array_pattern (identifier) @local.definition)
(list_pattern (identifier) @local.definition)
(pair_pattern value: (identifier) @local.definition)
(rest_pattern name: (identifier) @local.definition)
(segment name: (identifier) @local.definition)

(identifier) @local.reference
