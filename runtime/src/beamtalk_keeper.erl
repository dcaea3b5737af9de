%%% Owns what must outlive the evaluation that asked for it: named tables and counters.
%%%
%%% It starts when it is first needed and does nothing but own.
-module(beamtalk_keeper).
-behaviour(gen_server).

-export([new_table/2, delete_table/1, counters/0, start_link/0]).
-export([init/1, handle_call/3, handle_cast/2]).

-define(COUNTERS, beamtalk_counters).

%% Makes a named table that the keeper owns, unless the name is taken.
-spec new_table(atom(), [term()]) -> ok | taken.
new_table(Name, Options) ->
    ensure_started(),
    gen_server:call(?MODULE, {new_table, Name, Options}).

-spec delete_table(atom()) -> ok | not_owner.
delete_table(Name) ->
    ensure_started(),
    gen_server:call(?MODULE, {delete_table, Name}).

%% The table of counters: {Name, counters reference}.
-spec counters() -> ets:table().
counters() ->
    case ets:whereis(?COUNTERS) of
        undefined ->
            ensure_started(),
            ?COUNTERS;
        _ ->
            ?COUNTERS
    end.

ensure_started() ->
    case whereis(?MODULE) of
        undefined ->
            Spec = #{id => ?MODULE, start => {?MODULE, start_link, []}},
            case supervisor:start_child(beamtalk_sup, Spec) of
                {ok, _} -> ok;
                {error, {already_started, _}} -> ok
            end;
        _ ->
            ok
    end.

-spec start_link() -> {ok, pid()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

-spec init([]) -> {ok, []}.
init([]) ->
    ?COUNTERS = ets:new(?COUNTERS, [named_table, public, {read_concurrency, true}]),
    {ok, []}.

-spec handle_call(term(), gen_server:from(), []) -> {reply, ok | taken | not_owner, []}.
handle_call({new_table, Name, Options}, _, State) ->
    Answer =
        try ets:new(Name, Options) of
            _ -> ok
        catch
            error:badarg -> taken
        end,
    {reply, Answer, State};
handle_call({delete_table, Name}, _, State) ->
    Answer =
        case ets:info(Name, owner) of
            Owner when Owner =:= self() ->
                true = ets:delete(Name),
                ok;
            _ ->
                not_owner
        end,
    {reply, Answer, State}.

-spec handle_cast(term(), []) -> {noreply, []}.
handle_cast(_, State) ->
    {noreply, State}.
