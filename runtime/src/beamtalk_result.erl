%%% Results: success or expected failure as a value, and the bridge from `{ok, V}' and `{error, R}'.
-module(beamtalk_result).

-compile({no_auto_import, [error/1]}).

-export([ok/1, error/1, wrapped_error/1, parse_error/3, try_do/1, from_tuple/1, unwrap/1]).

-export_type([result/0]).

-type result() :: #{'$class' := module(), isOk := boolean(), okValue := term(), errReason := term()}.

-spec ok(term()) -> result().
ok(Value) ->
    #{'$class' => 'bt@stdlib@Result', isOk => true, okValue => Value, errReason => nil}.

-spec error(term()) -> result().
error(Reason) ->
    #{'$class' => 'bt@stdlib@Result', isOk => false, okValue => nil, errReason => Reason}.

%% A failure whose reason comes from Erlang: what is no exception yet becomes the message of one.
-spec wrapped_error(term()) -> result().
wrapped_error(Reason) ->
    case beamtalk_error:is_exception(Reason) of
        true -> ?MODULE:error(Reason);
        false -> ?MODULE:error(runtime_error(Reason))
    end.

runtime_error(Reason) ->
    beamtalk_error:make_message('bt@stdlib@RuntimeError', runtime_error, reason_text(Reason), nil, nil, nil).

reason_text(Reason) when is_binary(Reason) -> beamtalk_print:display_string(Reason);
reason_text(Reason) -> beamtalk_error:text(Reason).

%% The failure of a conversion from text.
-spec parse_error(atom(), atom(), binary()) -> result().
parse_error(ClassName, Selector, Hint) ->
    ?MODULE:error(beamtalk_error:make(parse_error, ClassName, Selector, Hint)).

-spec try_do(term()) -> result().
try_do(Block) when is_function(Block, 0) ->
    %% `on:do:' lets non-local returns pass and catches everything else.
    beamtalk_exception:on_do(fun() -> ok(Block()) end, nil, fun ?MODULE:error/1);
try_do(_) ->
    type_error('tryDo:', <<"A block without parameters is needed.">>).

-spec from_tuple(term()) -> result().
from_tuple({ok, Value}) -> ok(Value);
from_tuple({error, Reason}) -> wrapped_error(Reason);
from_tuple(_) -> type_error('fromTuple:', <<"A tuple {#ok, value} or {#error, reason} is needed.">>).

%% The value, or the failure raised.
-spec unwrap(result()) -> term().
unwrap(#{isOk := true, okValue := Value}) ->
    Value;
unwrap(#{errReason := Reason}) ->
    case beamtalk_error:is_exception(Reason) of
        true -> beamtalk_exception:resignal(Reason);
        false -> unwrap_failed(Reason)
    end.

-spec unwrap_failed(term()) -> no_return().
unwrap_failed(Reason) ->
    beamtalk_error:raise_message(
        'bt@stdlib@Error',
        signal,
        <<"unwrap called on Result error: ", (beamtalk_print:print_string(Reason))/binary>>,
        'Result',
        unwrap,
        <<"Use valueOr:, valueOrDo:, or ifOk:ifError: to handle the error case">>
    ).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Result', Selector, Hint).
