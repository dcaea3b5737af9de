%%% The register of living actors: pid to class. Written once by each actor as it starts; costs a message nothing.
%%%
%%% This process monitors every registered actor and takes its row out when it ends, so nothing leaks however it ended.
-module(beamtalk_actors).
-behaviour(gen_server).
-compile({no_auto_import, [register/2]}).

-export([start_link/0, create/0, register/2, register/3, ending/1, module/1, all/0, by_programs/0, started/1, of_class/1, count/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-define(TABLE, beamtalk_actors).
%% How long orderly ends of actors may take together when the node stops, in milliseconds.
-define(SHUTDOWN_WAIT, 2000).
%% With more messages waiting than this the host is not told of single actors: keeping the books goes first.
-define(TOO_BUSY, 1000).

%% Who has started an actor: another actor or a supervisor, or a program itself.
-type starter() :: process | program.

%% Rows: {pid(), module(), Started :: the VM's monotonic time, starter()}.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {write_concurrency, true}, {read_concurrency, true}]),
    ok.

-spec start_link() -> {ok, pid()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Registers the calling process as an actor of the class.
-spec register(module(), starter()) -> ok.
register(Module, Starter) ->
    register(self(), Module, Starter).

-spec register(pid(), module(), starter()) -> ok.
register(Pid, Module, Starter) ->
    true = ets:insert(?TABLE, {Pid, Module, erlang:monotonic_time(), Starter}),
    gen_server:cast(?MODULE, {watch, Pid}).

%% The calling actor ends for this reason, in order. Its process may be gone before it is watched, so when somebody listens
%% it says so itself.
-spec ending(term()) -> ok.
ending(Reason) ->
    case beamtalk_announcer:is_heard() of
        true -> gen_server:cast(?MODULE, {ending, self(), Reason});
        false -> ok
    end.

-spec module(pid()) -> {ok, module()} | error.
module(Pid) ->
    case ets:lookup(?TABLE, Pid) of
        [{_, Module, _, _}] -> {ok, Module};
        [] -> error
    end.

%% With the seconds since 1970 when they started.
-spec all() -> [{pid(), module(), integer()}].
all() ->
    Offset = erlang:time_offset(),
    [
        {Pid, Module, erlang:convert_time_unit(Started + Offset, native, second)}
     || {Pid, Module, Started, _} <- lists:sort(ets:tab2list(?TABLE))
    ].

%% Those that no actor and no supervisor has started.
-spec by_programs() -> [{pid(), module()}].
by_programs() ->
    [{Pid, Module} || {Pid, Module, _, program} <- lists:sort(ets:tab2list(?TABLE))].

%% Those that have started after that time.
-spec started(After :: integer()) -> [{pid(), module()}].
started(After) ->
    [{Pid, Module} || {Pid, Module, Started, _} <- ets:tab2list(?TABLE), Started > After].

%% Actors of the class and its subclasses.
-spec of_class(module()) -> [pid()].
of_class(Module) ->
    {Pids, _} = ets:foldl(
        fun({Pid, Class, _, _}, {Pids, Known}) ->
            {Inherits, Known1} = inherits(Class, Module, Known),
            {case Inherits of true -> [Pid | Pids]; false -> Pids end, Known1}
        end,
        {[], #{}},
        ?TABLE
    ),
    Pids.

%% Walks the chain of each class once however many actors it has.
inherits(Class, Ancestor, Known) ->
    case Known of
        #{Class := Answer} ->
            {Answer, Known};
        #{} ->
            Answer = beamtalk_registry:inherits(Class, Ancestor),
            {Answer, Known#{Class => Answer}}
    end.

%% Actors of exactly this class.
-spec count(module()) -> non_neg_integer().
count(Module) ->
    ets:select_count(?TABLE, [{{'_', Module, '_', '_'}, [], [true]}]).

%% ---- the watching process ------------------------------------------------------------------------------------

%% The reasons of those that said that they end, and the actors that ended last of which something was counted.
-record(state, {reasons = #{} :: #{pid() => term()}, dead = beamtalk_trace:no_dead() :: beamtalk_trace:dead()}).

-spec init([]) -> {ok, #state{}}.
init([]) ->
    process_flag(trap_exit, true),
    %% After a crash of this process the rows are still there: watch them again.
    [erlang:monitor(process, element(1, Row)) || Row <- ets:tab2list(?TABLE)],
    {ok, #state{}}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, ok, #state{}}.
handle_call(_, _, State) ->
    {reply, ok, State}.

-spec handle_cast({watch, pid()} | {ending, pid(), term()}, #state{}) -> {noreply, #state{}}.
handle_cast({watch, Pid}, State) ->
    erlang:monitor(process, Pid),
    case module(Pid) of
        {ok, Module} -> tell_host(spawned, Pid, Module, nil);
        error -> ok
    end,
    {noreply, State};
handle_cast({ending, Pid, Reason}, #state{reasons = Reasons} = State) ->
    {noreply, State#state{reasons = Reasons#{Pid => Reason}}}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({'DOWN', _, process, Pid, Seen}, #state{reasons = Reasons} = State) ->
    Reason = maps:get(Pid, Reasons, Seen),
    {noreply, ended(ets:take(?TABLE, Pid), Reason, State#state{reasons = maps:remove(Pid, Reasons)})};
handle_info(_, State) ->
    {noreply, State}.

ended([{Pid, Module, Started, _}], Reason, #state{dead = Dead} = State) ->
    tell_host(stopped, Pid, Module, Reason),
    announce_end(Pid, Module, Reason),
    State#state{dead = beamtalk_trace:ended(Pid, Started, Dead)};
ended([], _, State) ->
    State.

%% The node stops: actors end in order, so that their `terminate:' runs.
-spec terminate(term(), #state{}) -> ok.
terminate(_, _) ->
    Pids = [element(1, Row) || Row <- ets:tab2list(?TABLE)],
    [exit(Pid, shutdown) || Pid <- Pids],
    await(length(Pids), erlang:monotonic_time(millisecond) + ?SHUTDOWN_WAIT).

await(0, _) ->
    ok;
await(Left, Deadline) ->
    receive
        {'DOWN', _, process, _, _} -> await(Left - 1, Deadline)
    after max(0, Deadline - erlang:monotonic_time(millisecond)) -> ok
    end.

tell_host(What, Pid, Module, Reason) ->
    case process_info(self(), message_queue_len) of
        {_, Waiting} when Waiting > ?TOO_BUSY ->
            ok;
        _ ->
            beamtalk_host:event(
                {actor, What, #{
                    pid => list_to_binary(pid_to_list(Pid)),
                    class => atom_to_binary(beamtalk_registry:class_name(Module)),
                    reason => case What of spawned -> nil; stopped -> beamtalk_error:text(Reason) end
                }}
            )
    end.

announce_end(Pid, Module, Reason) ->
    case beamtalk_system_event:end_of(Reason) of
        {told, How} -> beamtalk_system_event:actor_stopped(Pid, Module, How);
        untold -> ok
    end.
