%%% Protocols as the class Protocol shows them. A protocol is a module whose `'$info'(requires)' lists what it asks for.
-module(beamtalk_protocol).

-export([all_protocols/0, is_protocol/1, required_methods/1, conforming_classes/1]).

%% Names, sorted.
-spec all_protocols() -> [atom()].
all_protocols() ->
    lists:sort([beamtalk_registry:class_name(Module) || Module <- beamtalk_registry:modules(), requires(Module) =/= none]).

-spec is_protocol(term()) -> boolean().
is_protocol(Name) ->
    requirements(Name) =/= none.

%% Empty for an unknown protocol.
-spec required_methods(term()) -> [atom()].
required_methods(Name) ->
    case requirements(Name) of
        none -> [];
        Required -> Required
    end.

-spec conforming_classes(term()) -> [beamtalk_class:class()].
conforming_classes(Name) ->
    case requirements(Name) of
        none ->
            [];
        _ ->
            [
                Class
             || {_, Module} = Class <- beamtalk_class:all_classes(),
                requires(Module) =:= none,
                beamtalk_class:conforms_to(Class, Name)
            ]
    end.

requirements(Name) when is_atom(Name) ->
    case beamtalk_registry:find(atom_to_binary(Name)) of
        {ok, Module} -> requires(Module);
        error -> none
    end;
requirements(_) ->
    none.

requires(Module) ->
    beamtalk_registry:info(Module, requires, none).
