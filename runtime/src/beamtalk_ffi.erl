%%% Calls of Erlang functions from Beamtalk: existence and arity first, arguments as they are, results and errors converted.
%%%
%%% `exit' and `throw' pass untouched; an error of a block that Erlang called stays that block's error.
-module(beamtalk_ffi).

-export([call/3, delegate/5, convert/2, proxy/1, proxy_send/3, proxy_call/3, proxy_methods/1, proxy_responds_to/2]).

-define(PROXY, 'bt@stdlib@ErlangModule').

-spec call(module(), atom(), [term()]) -> term().
call(Module, Function, Args) ->
    call_as(Module, Function, Args, {'ErlangModule', Function}).

%% A method of a class that the module backs: errors name the class and the selector.
-spec delegate(module(), atom(), [term()], atom(), atom()) -> term().
delegate(Module, Function, Args, ClassName, Selector) ->
    call_as(Module, Function, Args, {ClassName, Selector}).

call_as(Module, Function, Args, Origin) ->
    Arity = length(Args),
    case is_callable(Module, Function, Arity) of
        true -> convert(Module, protected(Module, Function, Args, first, Origin));
        false -> missing(Module, Function, Arity, Origin)
    end.

is_callable(Module, Function, Arity) ->
    beamtalk_registry:exports(Module, Function, Arity) orelse erlang:is_builtin(Module, Function, Arity).

protected(Module, Function, Args, Attempt, Origin) ->
    try
        apply(Module, Function, Args)
    catch
        error:Reason:Stack ->
            case beamtalk_error:is_exception(Reason) orelse is_in_block(Stack) of
                true -> erlang:raise(error, Reason, Stack);
                false -> failed({Module, Function}, Args, Attempt, Reason, Stack, Origin)
            end
    end.

%% Whether compiled Beamtalk code ran between the error and this call.
is_in_block([{?MODULE, _, _, _} | _]) -> false;
is_in_block([{Module, _, _, _} | Rest]) ->
    case atom_to_binary(Module) of
        <<"bt@", _/binary>> -> true;
        _ -> is_in_block(Rest)
    end;
is_in_block([]) -> false.

failed({Module, Function} = Callee, Args, first, badarg, Stack, Origin) ->
    case [erlang_argument(Arg) || Arg <- Args] of
        Args -> blamed(Callee, badarg, Stack, Origin);
        Converted -> protected(Module, Function, Converted, second, Origin)
    end;
failed(Callee, _, _, Reason, Stack, Origin) ->
    blamed(Callee, Reason, Stack, Origin).

-spec blamed({module(), atom()}, term(), [tuple()], {atom(), atom()}) -> no_return().
blamed(Callee, Reason, _, {ClassName, Selector}) when Reason =:= badarg; Reason =:= badarith ->
    beamtalk_error:raise(type_error, ClassName, Selector, erlang_hint(Callee, Reason));
blamed({Module, Function} = Callee, function_clause, [{Module, Function, _, _} | _], {ClassName, Selector}) ->
    beamtalk_error:raise(arity_mismatch, ClassName, Selector, erlang_hint(Callee, function_clause));
blamed(_, Reason, Stack, Origin) ->
    Exception = beamtalk_error:from_erlang(error, Reason, Stack),
    case Exception of
        #{kind := runtime_error} when Reason =/= undef -> erlang:error(Exception);
        _ -> erlang:error(beamtalk_error:from_erlang(error, Reason, Stack, Origin))
    end.

erlang_hint({Module, Function}, Reason) ->
    unicode:characters_to_binary(io_lib:format("Erlang error in ~ts:~ts: ~ts", [Module, Function, Reason])).

%% Strings as character lists, actors as their pids: what older Erlang functions want.
erlang_argument(Arg) when is_binary(Arg) ->
    case unicode:characters_to_list(Arg) of
        Text when is_list(Text) -> Text;
        _ -> Arg
    end;
erlang_argument({'$actor', _, Pid}) when is_pid(Pid) ->
    Pid;
erlang_argument(Arg) ->
    Arg.

-spec missing(module(), atom(), arity(), {atom(), atom()}) -> no_return().
missing(Module, Function, Arity, {ClassName, Selector}) ->
    case code:ensure_loaded(Module) of
        {module, _} ->
            case lists:sort([A || {F, A} <- Module:module_info(exports), F =:= Function]) of
                [] ->
                    Hint = <<"This Erlang function does not exist. Check spelling and arity.">>,
                    beamtalk_error:raise(does_not_understand, ClassName, Selector, Hint);
                Arities ->
                    Known = lists:join(", ", [integer_to_list(A) || A <- Arities]),
                    Text = io_lib:format("~ts:~ts/~ts exists but was called with ~b argument~ts", [
                        Module, Function, Known, Arity, case Arity of 1 -> ""; _ -> "s" end
                    ]),
                    Hint = unicode:characters_to_binary(Text),
                    beamtalk_error:raise(arity_mismatch, ClassName, Selector, Hint)
            end;
        _ ->
            Name = atom_to_binary(Module),
            Hint = <<"Erlang module '", Name/binary, "' is not loaded. Is it on the code path?">>,
            beamtalk_error:raise(does_not_understand, ClassName, Selector, Hint)
    end.

%% ---- results -------------------------------------------------------------------------------------------------

%% What the module answered, as Beamtalk sees it.
-spec convert(module(), term()) -> term().
convert(_, ok) -> ok_result(nil);
convert(_, error) -> error_result(nil);
convert(Module, {ok, Value}) -> ok_result(text_or_list(Module, Value));
convert(Module, {error, Reason}) -> error_result(wrap_reason(text_or_list(Module, Reason)));
convert(Module, Value) -> text_or_list(Module, Value).

text_or_list(Module, [_ | _] = List) ->
    case io_lib:printable_unicode_list(List) andalso not is_ours(Module) of
        true -> unicode:characters_to_binary(List);
        false -> List
    end;
text_or_list(_, Value) ->
    Value.

%% Our own modules answer lists where they mean lists.
is_ours(Module) ->
    case atom_to_binary(Module) of
        <<"bt@", _/binary>> -> true;
        <<"beamtalk_", _/binary>> -> true;
        _ -> false
    end.

wrap_reason(Reason) ->
    case beamtalk_error:is_exception(Reason) of
        true ->
            Reason;
        false ->
            Text = beamtalk_exception:message_text(Reason),
            beamtalk_error:make_message('bt@stdlib@RuntimeError', runtime_error, Text, nil, nil, nil)
    end.

ok_result(Value) ->
    #{'$class' => 'bt@stdlib@Result', isOk => true, okValue => Value, errReason => nil}.

error_result(Reason) ->
    #{'$class' => 'bt@stdlib@Result', isOk => false, okValue => nil, errReason => Reason}.

%% ---- module proxies ------------------------------------------------------------------------------------------

-spec proxy(atom()) -> map().
proxy(Module) when is_atom(Module) ->
    #{'$class' => ?PROXY, module => Module}.

%% The first keyword names the function, the others are free text.
-spec proxy_send(map(), atom(), [term()]) -> term().
proxy_send(#{module := Module}, Selector, Args) ->
    call_as(Module, function_name(Selector), Args, {'ErlangModule', Selector}).

function_name(Selector) ->
    [Name | _] = binary:split(atom_to_binary(Selector), <<":">>),
    binary_to_atom(Name).

-spec proxy_call(map(), term(), term()) -> term().
proxy_call(#{module := Module}, Function, Args) when is_atom(Function), is_list(Args) ->
    call(Module, Function, Args);
proxy_call(#{module := Module}, Function, Args) when is_atom(Function), is_tuple(Args) ->
    call(Module, Function, tuple_to_list(Args));
proxy_call(_, _, _) ->
    Hint = <<"call:args: expects a Symbol and a List or Tuple of arguments">>,
    beamtalk_error:raise(type_error, 'ErlangModule', 'call:args:', Hint).

%% `name/arity' of each exported function.
-spec proxy_methods(map()) -> [binary()].
proxy_methods(#{module := Module}) ->
    case code:ensure_loaded(Module) of
        {module, _} ->
            lists:sort([
                <<(atom_to_binary(F))/binary, "/", (integer_to_binary(A))/binary>>
             || {F, A} <- Module:module_info(exports)
            ]);
        _ ->
            []
    end.

-spec proxy_responds_to(map(), atom()) -> boolean().
proxy_responds_to(#{module := Module}, Selector) ->
    Function = function_name(Selector),
    code:ensure_loaded(Module) =:= {module, Module} andalso
        lists:keymember(Function, 1, Module:module_info(exports)).
