%%% Extension methods on a node without a compiler: (class module, function) to fun.
%%%
%%% With a compiler attached nothing is registered here: it folds an extension into the class's own module.
-module(beamtalk_ext).

-export([create/0, add/4, remove/2, remove_class/1, find/2, selectors/1]).

-define(TABLE, beamtalk_ext).
%% Persistent term: set once there was an extension, so that nodes with a compiler do not even look.
-define(USED, beamtalk_ext_used).

-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, ordered_set, {read_concurrency, true}]),
    ok.

%% `Function' is the method's function name (`'class sel'' on the class side); the fun takes self first. The last one wins.
-spec add(module(), atom(), fun(), Owner :: term()) -> ok.
add(Module, Function, Fun, Owner) when is_function(Fun) ->
    case ets:lookup(?TABLE, {Module, Function}) of
        [{_, _, Other}] when Other =/= Owner ->
            logger:warning("extension ~ts>>~ts of ~tp replaces that of ~tp", [
                beamtalk_registry:class_name(Module), Function, Owner, Other
            ]);
        _ ->
            ok
    end,
    persistent_term:put(?USED, true),
    true = ets:insert(?TABLE, {{Module, Function}, Fun, Owner}),
    ok.

%% Whether there was one.
-spec remove(module(), atom()) -> boolean().
remove(Module, Function) ->
    ets:take(?TABLE, {Module, Function}) =/= [].

-spec remove_class(module()) -> ok.
remove_class(Module) ->
    true = ets:match_delete(?TABLE, {{Module, '_'}, '_', '_'}),
    ok.

-spec find(module(), atom()) -> {ok, fun()} | error.
find(Module, Function) ->
    case persistent_term:get(?USED, false) andalso ets:lookup(?TABLE, {Module, Function}) of
        [{_, Fun, _}] -> {ok, Fun};
        _ -> error
    end.

%% Function name and arity of a class's extensions.
-spec selectors(module()) -> [{atom(), arity()}].
selectors(Module) ->
    [{Function, fun_arity(Fun)} || [Function, Fun] <- ets:match(?TABLE, {{Module, '$1'}, '$2', '_'})].

fun_arity(Fun) ->
    {arity, Arity} = erlang:fun_info(Fun, arity),
    Arity.
