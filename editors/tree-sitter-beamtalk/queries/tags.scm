; What a symbol search lists.

(class_definition name: (class_name) @name) @definition.class
(protocol_definition name: (class_name) @name) @definition.interface
(type_alias name: (class_name) @name) @definition.type
(data_declaration name: (identifier) @name) @definition.field
(method_definition selector: (_) @name) @definition.method
(extension_definition selector: (_) @name) @definition.method
(requirement selector: (_) @name) @definition.method

(class_definition superclass: (class_name) @name) @reference.class
(unary_message selector: (identifier) @name) @reference.call
(keyword_message keyword: (keyword) @name) @reference.call
