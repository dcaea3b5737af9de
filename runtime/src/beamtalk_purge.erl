%%% Takes old code out when nothing uses it: replaced versions of classes, and the modules of finished inputs.
%%%
%%% Only soft purges: no process is ever killed because its code is old. Every purge asks every process, so it
%%% happens in quiet moments and in batches, never while somebody waits for an answer.
-module(beamtalk_purge).
-behaviour(gen_server).

-export([start_link/0, old_code/1, retire/1, release/1, await/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% How long after the last retirement a batch is purged, and how many waiting ones end the wait, in milliseconds.
-define(QUIET, 50).
-define(FULL, 128).
%% Modules that are in use are tried again after this time, doubled up to the limit.
-define(RETRY_FIRST, 1000).
-define(RETRY_LAST, 30000).
-define(POLL, 10).

-record(state, {
    %% replaced class versions and finished inputs' modules that wait for a quiet moment
    waiting = #{} :: #{module() => old | retired},
    held = #{} :: #{module() => old | retired},
    quiet = none :: none | reference(),
    retry = ?RETRY_FIRST :: pos_integer(),
    retrying = none :: none | reference()
}).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% The module was loaded again and has an old version.
-spec old_code(module()) -> ok.
old_code(Module) ->
    gen_server:cast(?MODULE, {purge, Module, old}).

%% An input's module has finished. The host hears `released' when its name is free.
-spec retire(module()) -> ok.
retire(Module) ->
    gen_server:cast(?MODULE, {purge, Module, retired}).

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
    Free = [Module || Module <- Modules, purge(Module, retired)],
    {reply, Free, State#state{waiting = maps:without(Free, Waiting), held = maps:without(Free, Held)}}.

-spec handle_cast({purge, module(), old | retired}, #state{}) -> {noreply, #state{}}.
handle_cast({purge, Module, Kind}, #state{waiting = Waiting, quiet = Timer} = State) ->
    cancel(Timer),
    Waiting1 = Waiting#{Module => Kind},
    case map_size(Waiting1) >= ?FULL of
        true -> {noreply, purge_waiting(State#state{waiting = Waiting1})};
        false -> {noreply, State#state{waiting = Waiting1, quiet = erlang:send_after(?QUIET, self(), quiet)}}
    end.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info(quiet, State) ->
    {noreply, purge_waiting(State)};
handle_info(retry, #state{held = Held, retry = Retry} = State) ->
    Left = purge_all(Held),
    Progress = map_size(Left) < map_size(Held),
    Next = case Progress of true -> ?RETRY_FIRST; false -> min(?RETRY_LAST, Retry * 2) end,
    {noreply, retry_later(State#state{held = Left, retry = Next, retrying = none})};
handle_info(_, State) ->
    {noreply, State}.

purge_waiting(#state{waiting = Waiting, held = Held} = State) ->
    Left = purge_all(Waiting),
    retry_later(State#state{waiting = #{}, held = maps:merge(Held, Left), quiet = none}).

%% Answers what is still in use.
purge_all(Modules) ->
    maps:filter(
        fun(Module, Kind) ->
            case purge(Module, Kind) of
                true ->
                    Kind =:= retired andalso beamtalk_host:event({released, atom_to_binary(Module)}),
                    false;
                false ->
                    true
            end
        end,
        Modules
    ).

purge(Module, old) ->
    code:soft_purge(Module);
purge(Module, retired) ->
    case erlang:module_loaded(Module) of
        true ->
            %% Loaded behind the code server's back (beamtalk_evaluator), so deleted the same way.
            code:soft_purge(Module) andalso erlang:delete_module(Module) =/= undefined andalso code:soft_purge(Module);
        false ->
            code:soft_purge(Module)
    end.

retry_later(#state{held = Held, retrying = none, retry = Retry} = State) when map_size(Held) > 0 ->
    State#state{retrying = erlang:send_after(Retry, self(), retry)};
retry_later(State) ->
    State.

cancel(none) -> ok;
cancel(Timer) -> _ = erlang:cancel_timer(Timer), ok.
