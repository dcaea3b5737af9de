%%% Takes code out when nothing uses it: the modules of finished inputs, and the version of a class before the last when
%%% the class is loaded again (not earlier: its blocks still work).
%%%
%%% Only soft purges: no process is ever killed because its code is old. The VM asks every process whether it runs the
%%% code, so this happens in batches, after the answer, never while somebody waits for an answer. The VM does not
%%% ask for blocks; those are counted here, and an input's module stays as long as one of its blocks lives.
-module(beamtalk_purge).
-behaviour(gen_server).

-export([start_link/0, retire/3, release/1, await/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% How long after the first retirement a batch is purged, in milliseconds. Later ones do not put it off: under steady
%% traffic there is no quiet moment, and names must come back.
-define(QUIET, 50).
%% With many processes a purge takes long: after a batch there is a rest of this many times its duration.
-define(REST, 10).
-define(LONGEST_REST, 10000).
%% Not with so many in a batch: the host waits for names to come back.
-define(BACKLOG, 64).
%% Modules in use are tried again after this time, doubled up to the limit.
-define(RETRY_FIRST, 1000).
-define(RETRY_LAST, 30000).
-define(POLL, 10).

-record(state, {
    %% those that wait for a quiet moment
    waiting = #{} :: modules(),
    held = #{} :: modules(),
    quiet = none :: none | reference(),
    pause = ?QUIET :: pos_integer(),
    retry = ?RETRY_FIRST :: pos_integer(),
    retrying = none :: none | reference()
}).

%% A finished module, by its living blocks; the processes are those that saw the input's values, whose garbage may
%% still refer to blocks.
-type task() :: {beamtalk_lambdas:baseline(), [pid()]}.
-type modules() :: #{module() => task()}.

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% An input's module has finished. The host hears `released' when its name is free.
-spec retire(module(), beamtalk_lambdas:baseline(), [pid()]) -> ok.
retire(Module, Baseline, Users) ->
    gen_server:cast(?MODULE, {retire, Module, {Baseline, Users}}).

%% Tries these finished modules now; answers those that are free.
-spec release([module()]) -> [module()].
release(Modules) ->
    gen_server:call(?MODULE, {release, Modules}, infinity).

%% Waits until the module has no old version. In the calling process.
-spec await(module(), timeout()) -> ok | in_use.
await(Module, Wait) ->
    poll(Module, erlang:monotonic_time(millisecond) + Wait, ?POLL).

poll(Module, Deadline, Pause) ->
    case not erlang:check_old_code(Module) orelse code:soft_purge(Module) of
        true ->
            ok;
        false ->
            case erlang:monotonic_time(millisecond) >= Deadline of
                true ->
                    in_use;
                false ->
                    timer:sleep(Pause),
                    poll(Module, Deadline, min(200, Pause * 2))
            end
    end.

%% ---- the server ----------------------------------------------------------------------------------------------

-spec init([]) -> {ok, #state{}}.
init([]) ->
    {ok, #state{}}.

-spec handle_call({release, [module()]}, gen_server:from(), #state{}) -> {reply, [module()], #state{}}.
handle_call({release, Modules}, _, #state{waiting = Waiting, held = Held} = State) ->
    Tasks = maps:merge(Held, Waiting),
    Free = [Module || Module <- Modules, purge(Module, maps:get(Module, Tasks, gone), major)],
    {reply, Free, State#state{waiting = maps:without(Free, Waiting), held = maps:without(Free, Held)}}.

-spec handle_cast({retire, module(), task()}, #state{}) -> {noreply, #state{}}.
handle_cast({retire, Module, Task}, #state{waiting = Waiting, quiet = none, pause = Pause} = State) ->
    Timer = erlang:send_after(Pause, self(), quiet),
    {noreply, State#state{waiting = Waiting#{Module => Task}, quiet = Timer}};
handle_cast({retire, Module, Task}, #state{waiting = Waiting} = State) ->
    {noreply, State#state{waiting = Waiting#{Module => Task}}}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info(quiet, State) ->
    {noreply, purge_waiting(State)};
handle_info(retry, #state{held = Held, retry = Retry} = State) ->
    Left = purge_all(Held, major),
    Progress = map_size(Left) < map_size(Held),
    Next = case Progress of true -> ?RETRY_FIRST; false -> min(?RETRY_LAST, Retry * 2) end,
    {noreply, retry_later(State#state{held = Left, retry = Next, retrying = none})};
handle_info(_, State) ->
    {noreply, State}.

purge_waiting(#state{waiting = Waiting, held = Held} = State) ->
    {Microseconds, Left} = timer:tc(fun() -> purge_all(Waiting, minor) end),
    Rest = min(?LONGEST_REST, max(?QUIET, Microseconds * ?REST div 1000)),
    Pause = case map_size(Waiting) >= ?BACKLOG of true -> ?QUIET; false -> Rest end,
    retry_later(State#state{waiting = #{}, held = maps:merge(Held, Left), quiet = none, pause = Pause}).

%% Answers what is still in use.
purge_all(Modules, Collection) ->
    maps:filter(
        fun(Module, Task) ->
            case purge(Module, Task, Collection) of
                true ->
                    beamtalk_host:event({released, atom_to_binary(Module)}),
                    false;
                false ->
                    true
            end
        end,
        Modules
    ).

%% Whether the code is gone.
purge(Module, gone, _) ->
    not erlang:module_loaded(Module) andalso not erlang:check_old_code(Module);
purge(Module, {Baseline, Users}, Collection) ->
    is_unused(Baseline, Users, Collection) andalso
        code:soft_purge(Module) andalso delete(Module) andalso code:soft_purge(Module).

is_unused(Baseline, Users, Collection) ->
    beamtalk_lambdas:is_unused(Baseline) orelse
        (Baseline =/= uncountable andalso
            begin
                [erlang:garbage_collect(User, [{type, Collection}]) || User <- Users],
                beamtalk_lambdas:is_unused(Baseline)
            end).

%% It was loaded behind the code server's back (beamtalk_evaluator), so it is deleted the same way. A host that uses the
%% name again before it was told that it may has the old code back, and the VM refuses.
delete(Module) ->
    try
        _ = erlang:module_loaded(Module) andalso erlang:delete_module(Module),
        true
    catch
        error:badarg -> false
    end.

retry_later(#state{held = Held, retrying = none, retry = Retry} = State) when map_size(Held) > 0 ->
    State#state{retrying = erlang:send_after(Retry, self(), retry)};
retry_later(State) ->
    State.
