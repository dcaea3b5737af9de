%%% Late method lookup: what happens when the VM finds no such function in a receiver's module, and sends from Erlang.
%%%
%%% Order: extensions of the class, then the same for each superclass (its functions, its extensions), then
%%% `doesNotUnderstand:args:'. A send that finds its function in the receiver's module never comes here.
-module(beamtalk_dispatch).

-export([
    undefined/3,
    send/3,
    not_understood/3,
    non_boolean/1,
    find_method/3,
    class_function/1,
    instance_function/1,
    selector_arity/1
]).

-define(IS_LETTER(Char),
    (Char >= $a andalso Char =< $z orelse Char >= $A andalso Char =< $Z orelse Char =:= $_ orelse Char > 127)
).

%% The VM found no `Function' in `Module'; answers what the inherited method answers.
-spec undefined(module(), atom(), [term()]) -> term().
undefined(Module, Function, [_ | _] = Args) when
    Function =/= '$fields', Function =/= '$class_state', Function =/= '$info'
->
    case find_method(Module, Function, length(Args)) of
        {function, Definer} -> apply(Definer, Function, Args);
        {extension, Fun} -> apply(Fun, Args);
        error -> unknown(Module, Function, Args)
    end;
undefined(Module, Function, Args) ->
    no_function(Module, Function, Args).

unknown(Module, Function, [Self | Arguments] = Args) ->
    case atom_to_binary(Function) of
        <<"class ", Selector/binary>> -> as_class(Module, Self, Args, binary_to_atom(Selector));
        <<"$", _/binary>> when Function =/= '$module_info' -> no_function(Module, Function, Args);
        _ -> hook(Module, Function, Self, selector(Function), Arguments)
    end.

no_function(Module, Function, Args) ->
    erlang:raise(error, undef, [{Module, Function, Args, []}]).

%% A dynamic send.
-spec send(term(), atom(), [term()]) -> term().
send({'$actor', _, _} = Actor, Selector, Args) ->
    beamtalk_actor:send(Actor, Selector, Args);
send({'$class', Module} = Class, Selector, Args) ->
    apply(Module, class_function(Selector), [Class | Args]);
send(Receiver, Selector, Args) ->
    apply(beamtalk_registry:module_of(Receiver), instance_function(Selector), [Receiver | Args]).

%% Inlined control flow met a receiver that has no such control flow.
-spec not_understood(term(), atom(), non_neg_integer()) -> term().
not_understood(Receiver, Selector, ArgumentCount) ->
    send(Receiver, Selector, lists:duplicate(ArgumentCount, nil)).

-spec non_boolean(term()) -> no_return().
non_boolean(Value) ->
    Hint = <<"The condition of a loop must be true or false, not ", (beamtalk_display:short(Value))/binary>>,
    beamtalk_error:raise(type_error, 'Block', 'whileTrue:', Hint).

%% ---- lookup --------------------------------------------------------------------------------------------------

%% Who answers the function: the nearest class of the chain that exports it, or an extension of one.
-spec find_method(module() | nil, atom(), arity()) -> {function, module()} | {extension, fun()} | error.
find_method(nil, _, _) ->
    error;
find_method(Module, Function, Arity) ->
    case beamtalk_registry:exports(Module, Function, Arity) of
        true ->
            {function, Module};
        false ->
            case beamtalk_ext:find(Module, Function) of
                {ok, Fun} when is_function(Fun, Arity) -> {extension, Fun};
                _ -> find_method(beamtalk_registry:superclass(Module), Function, Arity)
            end
    end.

%% No class method: what every class understands as an instance of Class.
as_class(Module, Self, [_ | Arguments] = Args, Selector) ->
    Function = instance_function(Selector),
    case find_method('bt@stdlib@Class', Function, length(Args)) of
        {function, Definer} -> apply(Definer, Function, Args);
        {extension, Fun} -> apply(Fun, Args);
        error -> class_hook(Module, Self, Selector, Arguments)
    end.

class_hook(Module, Self, Selector, Arguments) ->
    Hook = 'class doesNotUnderstand:args:',
    case find_method(Module, Hook, 3) of
        {function, Definer} -> Definer:Hook(Self, Selector, Arguments);
        {extension, Fun} -> Fun(Self, Selector, Arguments);
        error -> hook('bt@stdlib@Class', nil, Self, Selector, Arguments)
    end.

hook(_, 'doesNotUnderstand:args:', Self, _, [Selector, Arguments]) ->
    beamtalk_object:does_not_understand(Self, Selector, Arguments);
hook(Module, _, Self, Selector, Arguments) ->
    case find_method(Module, 'doesNotUnderstand:args:', 3) of
        {function, Definer} -> Definer:'doesNotUnderstand:args:'(Self, Selector, Arguments);
        {extension, Fun} -> Fun(Self, Selector, Arguments);
        error -> beamtalk_object:does_not_understand(Self, Selector, Arguments)
    end.

%% ---- names of functions --------------------------------------------------------------------------------------

-spec class_function(atom()) -> atom().
class_function(Selector) ->
    binary_to_atom(<<"class ", (atom_to_binary(Selector))/binary>>).

-spec instance_function(atom()) -> atom().
instance_function(module_info) -> '$module_info';
instance_function(Selector) -> Selector.

selector('$module_info') -> module_info;
selector(Function) -> Function.

%% How many arguments a selector takes; -1 when it is none: the names of our own functions (`$info', `class new') are not.
-spec selector_arity(atom()) -> -1 | non_neg_integer().
selector_arity(Selector) ->
    case atom_to_binary(Selector) of
        <<First, Rest/binary>> when ?IS_LETTER(First) -> keywords(Rest, First, 0);
        <<First, _/binary>> when First =/= $$, First =/= $:, First > $\s -> 1;
        _ -> -1
    end.

%% A unary selector has no colon; a keyword one ends in its last.
keywords(<<$:, Rest/binary>>, _, Count) -> keywords(Rest, $:, Count + 1);
keywords(<<Char, Rest/binary>>, _, Count) when ?IS_LETTER(Char); Char >= $0, Char =< $9 -> keywords(Rest, Char, Count);
keywords(<<>>, Last, Count) when Last =:= $:; Count =:= 0 -> Count;
keywords(_, _, _) -> -1.
