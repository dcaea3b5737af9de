(class_definition body: (class_body) @class.inside) @class.around
(method_definition body: (method_body) @function.inside) @function.around
(extension_definition body: (method_body) @function.inside) @function.around
(block_parameter) @parameter.inside
(parameter) @parameter.inside
(comment) @comment.inside
(doc_comment)+ @comment.around
