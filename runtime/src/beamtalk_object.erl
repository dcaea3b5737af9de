%%% Primitives of ProtoObject, Object and Value: reflection on instances, dynamic sends, construction.
-module(beamtalk_object).

-export([
    missing_field/2,
    put_field/3,
    defaults/1,
    class_of/1,
    responds_to/2,
    is_kind_of/2,
    field_names/1,
    field_at/2,
    field_at_put/3,
    perform/2,
    perform/3,
    perform/4,
    perform_locally/3,
    does_not_understand/3,
    error/2,
    new/1,
    new/2,
    refuse_new/2
]).

%% ---- fields --------------------------------------------------------------------------------------------------

%% A field that the value does not hold: made before its class declared the field, or no field at all.
-spec missing_field(term(), atom()) -> term().
missing_field(#{'$class' := Module} = Self, Name) ->
    case beamtalk_test:field(Module, Name) of
        {ok, Value} ->
            Value;
        error ->
            case declared_default(Module, Name) of
                {ok, Default} -> Default;
                error -> no_field(Self, Name)
            end
    end;
missing_field(Self, Name) ->
    no_field(Self, Name).

declared_default(Module, Name) ->
    case beamtalk_registry:exports(Module, '$fields', 0) of
        true -> maps:find(Name, Module:'$fields'());
        false -> error
    end.

-spec no_field(term(), atom()) -> no_return().
no_field(Self, Name) ->
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError',
        key_error,
        <<"key not found: ", (atom_to_binary(Name))/binary>>,
        beamtalk_registry:name_of(Self),
        nil,
        <<"The object has no field of this name.">>
    ).

%% The assignment of a field of a value, which only a running test case has.
-spec put_field(map(), atom(), Value) -> Value.
put_field(#{'$class' := Module} = Self, Name, Value) ->
    case beamtalk_test:put_field(Module, Name, Value) of
        true ->
            beamtalk_frame:stored({value, Value}),
            Value;
        false ->
            immutable(Self, Name, <<"A test case may assign its fields only while it runs.">>)
    end.

-spec field_names(term()) -> [atom()].
field_names({'$actor', _, _} = Self) ->
    maps:keys(beamtalk_actor:fields(Self, fieldNames));
field_names(#{'$class' := _} = Self) ->
    case beamtalk_error:is_exception(Self) of
        true -> [];
        false -> maps:keys(maps:without(['$class', '$snapshot'], Self))
    end;
field_names(_) ->
    [].

-spec field_at(term(), atom()) -> term().
field_at({'$actor', _, _} = Self, Name) ->
    maps:get(Name, beamtalk_actor:fields(Self, 'fieldAt:'), nil);
field_at(#{'$class' := Module} = Self, Name) when Name =/= '$class' ->
    case Self of
        #{Name := Value} ->
            Value;
        #{} ->
            case declared_default(Module, Name) of
                {ok, Default} -> Default;
                error -> nil
            end
    end;
field_at(#{'$class' := _}, _) ->
    nil;
field_at(Self, _) ->
    immutable(Self, 'fieldAt:', <<"Values of this class have no instance variables.">>).

-spec field_at_put(term(), atom(), term()) -> term().
field_at_put({'$actor', _, _} = Self, Name, Value) when is_atom(Name) ->
    beamtalk_actor:put_field(Self, Name, Value);
field_at_put(#{'$class' := _} = Self, Name, _) when is_atom(Name) ->
    immutable(Self, 'fieldAt:put:', <<"Use `", (with_selector(Name))/binary, "` to make a changed copy.">>);
field_at_put(Self, _, _) ->
    immutable(Self, 'fieldAt:put:', <<"Values of this class have no instance variables.">>).

with_selector(Name) ->
    case atom_to_binary(Name) of
        <<First, Rest/binary>> when First >= $a, First =< $z -> <<"with", (First - 32), Rest/binary, ":">>;
        Text -> <<"with", Text/binary, ":">>
    end.

-spec immutable(term(), atom(), binary()) -> no_return().
immutable(Self, Selector, Hint) ->
    beamtalk_error:raise(immutable_value, beamtalk_registry:name_of(Self), Selector, Hint).

%% ---- classes -------------------------------------------------------------------------------------------------

-spec class_of(term()) -> {'$class' | '$metaclass', module()}.
class_of({'$class', Module}) -> {'$metaclass', Module};
class_of({'$metaclass', Module}) -> {'$metaclass', Module};
class_of(Value) -> {'$class', beamtalk_registry:class_module_of(Value)}.

-spec is_kind_of(term(), term()) -> boolean().
is_kind_of({'$class', Module}, {'$metaclass', Ancestor}) ->
    beamtalk_registry:inherits(Module, Ancestor);
is_kind_of({'$class', _}, {'$class', Ancestor}) ->
    beamtalk_registry:inherits('bt@stdlib@Class', Ancestor);
is_kind_of(Self, {'$class', Ancestor}) ->
    beamtalk_registry:inherits(beamtalk_registry:class_module_of(Self), Ancestor);
is_kind_of(_, _) ->
    false.

%% Whether a send of the selector would find a method; the hook for unknown messages does not count.
-spec responds_to(term(), atom()) -> boolean().
responds_to(Self, Selector) when is_atom(Selector) ->
    is_universal(Selector) orelse
        case beamtalk_dispatch:selector_arity(Selector) of
            -1 -> false;
            Count -> understands(Self, Selector, Count + 1)
        end;
responds_to(Self, _) ->
    beamtalk_error:raise(type_error, beamtalk_registry:name_of(Self), 'respondsTo:', <<"The selector must be a Symbol">>).

%% Answered without a method: the compiler inlines them everywhere.
is_universal(Selector) ->
    lists:member(Selector, ['==', '/=', '=:=', '=/=', class]).

understands({'$class', Module}, Selector, Arity) ->
    has_method(Module, beamtalk_dispatch:class_function(Selector), Arity) orelse
        has_method('bt@stdlib@Class', beamtalk_dispatch:instance_function(Selector), Arity);
understands(Self, Selector, Arity) ->
    has_method(beamtalk_registry:module_of(Self), beamtalk_dispatch:instance_function(Selector), Arity).

has_method(Module, Function, Arity) ->
    beamtalk_dispatch:find_method(Module, Function, Arity) =/= error.

%% ---- dynamic sends -------------------------------------------------------------------------------------------

-spec perform(term(), atom()) -> term().
perform(Self, Selector) ->
    checked_perform(Self, Selector, [], 'perform:').

-spec perform(term(), atom(), [term()]) -> term().
perform(Self, Selector, Args) ->
    checked_perform(Self, Selector, Args, 'perform:withArguments:').

%% The timeout bounds a send to an actor and means nothing elsewhere.
-spec perform(term(), atom(), [term()], timeout()) -> term().
perform({'$actor', _, _} = Self, Selector, Args, Timeout) ->
    Outer = 'perform:withArguments:timeout:',
    check_perform(Self, Selector, Args, Outer),
    beamtalk_actor:send(Self, Selector, Args, beamtalk_actor:checked_timeout(Timeout, Outer));
perform(Self, Selector, Args, _) ->
    checked_perform(Self, Selector, Args, 'perform:withArguments:timeout:').

checked_perform(Self, Selector, Args, Outer) ->
    check_perform(Self, Selector, Args, Outer),
    beamtalk_dispatch:send(Self, Selector, Args).

check_perform(Self, Selector, _, Outer) when not is_atom(Selector); Selector =:= nil; is_boolean(Selector) ->
    type_error(Self, Outer, <<"The selector must be a Symbol">>);
check_perform(Self, _, Args, Outer) when not is_list(Args) ->
    Name = beamtalk_registry:name_of(Self),
    beamtalk_error:raise(argument_error, Name, Outer, <<"The arguments must be a List">>);
check_perform(Self, Selector, Args, _) ->
    case length(Args) =:= beamtalk_dispatch:selector_arity(Selector) of
        true ->
            ok;
        false ->
            Name = beamtalk_registry:name_of(Self),
            case responds_to(Self, Selector) of
                true -> beamtalk_error:raise(arity_mismatch, Name, Selector);
                false -> does_not_understand(Self, Selector, Args)
            end
    end.

-spec type_error(term(), atom(), binary()) -> no_return().
type_error(Self, Selector, Hint) ->
    beamtalk_error:raise(type_error, beamtalk_registry:name_of(Self), Selector, Hint).

%% A class method of exactly this class, in this process, without its superclasses.
-spec perform_locally(term(), atom(), [term()]) -> term().
perform_locally({'$class', Module} = Class, Selector, Args) when is_atom(Selector), is_list(Args) ->
    Own = lists:keymember(Selector, 1, beamtalk_registry:info(Module, class_methods, [])),
    case Own andalso length(Args) =:= beamtalk_dispatch:selector_arity(Selector) of
        true -> apply(Module, beamtalk_dispatch:class_function(Selector), [Class | Args]);
        false when Own -> beamtalk_error:raise(arity_mismatch, beamtalk_registry:class_name(Module), Selector);
        false -> does_not_understand({'$metaclass', Module}, Selector, Args)
    end;
perform_locally(Self, Selector, Args) ->
    checked_perform(Self, Selector, Args, 'performLocally:withArguments:').

-spec does_not_understand(term(), atom(), [term()]) -> no_return().
does_not_understand(Self, '>>', _) when not (is_tuple(Self) andalso element(1, Self) =:= '$class') ->
    type_error(Self, '>>', <<"Only classes have methods to look up: write `x class >> #selector`">>);
does_not_understand(Self, Selector, _) ->
    beamtalk_error:raise(does_not_understand, beamtalk_registry:name_of(Self), Selector, unknown_hint(Self, Selector)).

unknown_hint({'$class', _}, _) ->
    <<"Class does not understand this message">>;
unknown_hint({'$metaclass', _}, _) ->
    <<"Metaclass does not understand this message">>;
unknown_hint(_, Selector) ->
    Arity = beamtalk_dispatch:selector_arity(Selector) + 1,
    case has_method('bt@stdlib@Class', beamtalk_dispatch:instance_function(Selector), Arity) of
        true ->
            S = atom_to_binary(Selector),
            <<"'", S/binary, "' is a class-side message; use 'class ", S/binary, "' to send it to an instance's class">>;
        false ->
            <<"Check spelling or use 'respondsTo:' to verify method exists">>
    end.

-spec error(term(), term()) -> no_return().
error(Self, Message) ->
    Text = beamtalk_exception:message_text(Message),
    beamtalk_error:raise_message('bt@stdlib@Error', user_error, Text, beamtalk_registry:name_of(Self), nil, nil).

%% ---- construction --------------------------------------------------------------------------------------------

-spec new({'$class', module()}) -> map().
new({'$class', Module} = Class) ->
    check_concrete(Class, new),
    (Module:'$fields'())#{'$class' => Module}.

-spec new({'$class', module()}, term()) -> map().
new({'$class', Module} = Class, Given) when is_map(Given), not is_map_key('$class', Given) ->
    check_concrete(Class, 'new:'),
    Fields = Module:'$fields'(),
    (maps:merge(Fields, maps:with(maps:keys(Fields), Given)))#{'$class' => Module};
new({'$class', Module}, _) ->
    Hint = <<"new: expects a Dictionary argument">>,
    beamtalk_error:raise(type_error, beamtalk_registry:class_name(Module), 'new:', Hint).

check_concrete({'$class', Module} = Class, Selector) ->
    case lists:member(abstract, beamtalk_registry:info(Module, modifiers, [])) of
        true -> refuse_new(Class, Selector);
        false -> ok
    end.

%% An instance with all fields at their defaults, for keyword constructors.
-spec defaults(module()) -> map().
defaults(Module) ->
    check_concrete({'$class', Module}, new),
    (Module:'$fields'())#{'$class' => Module}.

-spec refuse_new({'$class' | '$metaclass', module()}, atom()) -> no_return().
refuse_new({_, Module}, Selector) ->
    Name = beamtalk_registry:class_name(Module),
    beamtalk_error:raise(instantiation_error, Name, Selector, refusal(Module, Selector)).

refusal(Module, Selector) ->
    Abstract = lists:member(abstract, beamtalk_registry:info(Module, modifiers, [])),
    case beamtalk_registry:info(Module, kind) of
        _ when Abstract -> <<"Abstract classes cannot be instantiated. Subclass it first.">>;
        actor when Selector =:= 'new:' -> <<"Use spawnWith: instead">>;
        actor -> <<"Use spawn instead">>;
        _ -> <<"Object subclasses are not instantiable. Use `Value subclass:` for data types">>
    end.
