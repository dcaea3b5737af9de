%%% Type patterns of `match:'. Never sends a message.
-module(beamtalk_match).

-export([is_a/2]).

%% Whether the value is an instance of the class (a class object or its module) or of a subclass.
-spec is_a(term(), {'$class', module()} | module()) -> boolean().
is_a(Value, {'$class', Module}) ->
    is_a(Value, Module);
is_a({'$class', _}, Module) ->
    beamtalk_registry:inherits('bt@stdlib@Class', Module);
is_a(Value, Module) when is_atom(Module) ->
    case beamtalk_registry:class_module_of(Value) of
        Module -> true;
        Other -> beamtalk_registry:inherits(Other, Module)
    end;
is_a(_, _) ->
    false.
