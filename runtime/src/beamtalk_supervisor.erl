%%% Supervisors: OTP's, configured by the class side of `Supervisor' and `DynamicSupervisor' subclasses.
%%%
%%% A handle is a value object with the supervisor's pid. The instance that runs for a class is registered in the node under a
%%% name made of the class's module. Whoever sends `supervise' may be gone soon, so a process of its own is the parent: the
%%% keeper of a tree of supervisors, which also has the `initialize:' hooks run of those that other supervisors start.
-module(beamtalk_supervisor).
-behaviour(supervisor).

-export([supervise/1, current/1, run/2, reason/1, await_start/1, tops/0, settings/1]).
-export([children/1, which/2, terminate/2, start_child/1, start_child/2, terminate_child/2, count/1, stop/1, is_alive/1]).
-export([print_string/1]).
-export([init/1, start_nested/1, start_worker/3, start_dynamic/4]).

-export_type([handle/0]).

-type class() :: {'$class', module()}.
-type handle() :: #{'$class' := module(), pid := pid()}.

%% Process-dictionary keys of a supervisor: its class's module; strategy, restarts that are too many, and in how many seconds.
-define(CLASS, '$beamtalk_supervisor').
-define(SETTINGS, '$beamtalk_supervisor_settings').
-define(PREFIX, "beamtalk_supervisor:").
-define(STALE, <<"supervisor is not running; the handle is stale">>).

%% ---- class side ----------------------------------------------------------------------------------------------

%% Starts the instance of the class, unless it runs, and then its `initialize:' hook in the caller's process. Those of
%% supervisors below it come first.
-spec supervise(class()) -> map().
supervise({'$class', Module}) ->
    case run(Module, fun() -> ok end) of
        {ok, Handle} ->
            beamtalk_result:ok(Handle);
        {error, {already_started, Pid}} ->
            beamtalk_result:ok(handle(Module, Pid));
        {error, Reason} ->
            failed(supervisor_start_failed, #{'$class' => Module}, supervise, reason(Reason))
    end.

%% The same for a supervisor that does not run yet, if the one that will keep it may: `Claim' is asked in that process.
-spec run(module(), Claim :: fun(() -> ok | {error, term()})) -> {ok, handle()} | {error, term()}.
run(Module, Claim) ->
    case start(Module, Claim) of
        {ok, Pid} ->
            Handle = handle(Module, Pid),
            await_hooks(Pid, all),
            _ = beamtalk_dispatch:send({'$class', Module}, 'initialize:', [Handle]),
            {ok, Handle};
        {error, _} = Error ->
            Error
    end.

-spec current(class()) -> handle() | nil.
current({'$class', Module}) ->
    case whereis(name(Module)) of
        undefined -> nil;
        Pid -> handle(Module, Pid)
    end.

%% Starts it with a parent that lives as long as it does. Output of its children goes where the runtime's own goes.
start(Module, Claim) ->
    Caller = self(),
    Ref = make_ref(),
    {group_leader, Leader} = process_info(whereis(beamtalk_sup), group_leader),
    {Keeper, Watch} = spawn_monitor(fun() ->
        group_leader(Leader, self()),
        process_flag(trap_exit, true),
        Started = case Claim() of ok -> start_link(Module); {error, _} = Refused -> Refused end,
        Caller ! {Ref, Started},
        case Started of
            {ok, Pid} -> keep(Pid, []);
            {error, _} -> ok
        end
    end),
    receive
        {Ref, Started} ->
            erlang:demonitor(Watch, [flush]),
            Started;
        {'DOWN', Watch, process, Keeper, Reason} ->
            {error, Reason}
    end.

start_link(Module) ->
    started(supervisor:start_link({local, name(Module)}, ?MODULE, Module)).

started({ok, Pid}) -> {ok, Pid};
started({error, Reason}) -> {error, Reason}.

%% As the child of another supervisor, in whose process this runs.
-spec start_nested(module()) -> {ok, pid()} | {error, term()}.
start_nested(Module) ->
    nested(Module, start_link(Module)).

nested(Module, {ok, Pid} = Started) ->
    keeper(get('$ancestors')) ! {nested, handle(Module, Pid)},
    Started;
nested(_, Error) ->
    Error.

name(Module) ->
    binary_to_atom(<<?PREFIX, (atom_to_binary(Module))/binary>>).

handle(Module, Pid) ->
    #{'$class' => Module, pid => Pid}.

%% ---- the keeper and the hooks of nested supervisors ------------------------------------------------------------

%% Lives as long as its supervisor. The hooks that run are listed with whose they are.
keep(Supervisor, Hooks) ->
    receive
        {'EXIT', Supervisor, _} ->
            ok;
        {nested, #{pid := Pid} = Handle} ->
            keep(Supervisor, [{Pid, spawn_hook(Handle)} | Hooks]);
        {'DOWN', _, process, Hook, _} ->
            keep(Supervisor, lists:keydelete(Hook, 2, Hooks));
        {hooks, From, Ref, Whose} ->
            From ! {Ref, [Hook || {Pid, Hook} <- Hooks, Whose =:= all orelse Whose =:= Pid]},
            keep(Supervisor, Hooks)
    end.

%% A hook asks its supervisor and those above, which may be starting others meanwhile, so no supervisor runs it itself.
spawn_hook(#{'$class' := Module} = Handle) ->
    {Hook, _} = spawn_monitor(fun() ->
        beamtalk_memory:limit_self(),
        try
            beamtalk_dispatch:send({'$class', Module}, 'initialize:', [Handle])
        catch
            Class:Reason:Stack ->
                #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
                logger:warning("~ts initialize: failed: ~ts", [beamtalk_registry:class_name(Module), Message])
        end
    end),
    Hook.

%% Of the processes above a supervisor (proc_lib, stdlib) the first: `start/1' alone starts trees.
keeper(Ancestors) ->
    lists:last(Ancestors).

%% Answers when the hooks have ended that run now in a supervisor's tree: all, or those of one supervisor below it.
await_hooks(Supervisor, Whose) ->
    case process_info(Supervisor, dictionary) of
        {dictionary, Entries} -> await_hooks_of(keeper(proplists:get_value('$ancestors', Entries)), Whose);
        undefined -> ok
    end.

%% Answers when what the keeper keeps has started, or the keeper has ended. Its hooks may run.
-spec await_start(Keeper :: pid()) -> ok.
await_start(Keeper) ->
    await_hooks_of(Keeper, none).

await_hooks_of(Keeper, Whose) ->
    Ref = erlang:monitor(process, Keeper),
    Keeper ! {hooks, self(), Ref, Whose},
    receive
        {Ref, Hooks} ->
            erlang:demonitor(Ref, [flush]),
            lists:foreach(fun await_end/1, Hooks);
        {'DOWN', Ref, process, _, _} ->
            ok
    end.

await_end(Pid) ->
    Watch = erlang:monitor(process, Pid),
    receive
        {'DOWN', Watch, process, _, _} -> ok
    end.

%% ---- configuration, in the supervisor's process ----------------------------------------------------------------

-spec init(module()) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(Module) ->
    put(?CLASS, Module),
    Class = {'$class', Module},
    Ask = fun(Selector) -> beamtalk_dispatch:send(Class, Selector, []) end,
    try
        {Intensity, Period} = {Ask(maxRestarts), Ask(restartWindow)},
        Restarts = #{intensity => Intensity, period => Period},
        case beamtalk_registry:inherits(Module, 'bt@stdlib@DynamicSupervisor') of
            true ->
                put(?SETTINGS, {simpleOneForOne, Intensity, Period}),
                {ok, {Restarts#{strategy => simple_one_for_one}, [template(Ask(childClass))]}};
            false ->
                Specs = [child(Child) || Child <- Ask(children)],
                Strategy = Ask(strategy),
                put(?SETTINGS, {Strategy, Intensity, Period}),
                {ok, {Restarts#{strategy => strategy(Strategy)}, Specs}}
        end
    catch
        Kind:Reason:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Kind, Reason, Stack),
            exit({shutdown, {'$configuration', Message}})
    end.

strategy(oneForOne) -> one_for_one;
strategy(oneForAll) -> one_for_all;
strategy(restForOne) -> rest_for_one;
strategy(Other) -> error(beamtalk_error:make(type_error, 'Supervisor', strategy, beamtalk_error:text(Other))).

%% A class, or a SupervisionSpec.
child({'$class', Module} = Class) ->
    case is_supervisor(Class) of
        true -> supervisor_child(Module);
        false -> child(beamtalk_dispatch:send(Class, supervisionSpec, []))
    end;
child(Spec) ->
    #{id := Id, start := Start, restart := Restart, shutdown := Shutdown, type := Type} =
        beamtalk_dispatch:send(Spec, childSpec, []),
    [{'$class', Module}, Function, Arguments] = beamtalk_array:to_list(Start),
    Call = {?MODULE, start_worker, [Module, Function, Arguments]},
    #{id => Id, start => Call, restart => Restart, shutdown => Shutdown, type => Type, modules => [Module]}.

supervisor_child(Module) ->
    #{
        id => beamtalk_registry:class_name(Module),
        start => {?MODULE, start_nested, [Module]},
        restart => permanent,
        shutdown => infinity,
        type => supervisor,
        modules => [Module]
    }.

template({'$class', Module} = Class) ->
    case is_supervisor(Class) of
        true ->
            (supervisor_child(Module))#{start := {?MODULE, start_dynamic, [Module, spawn, []]}};
        false ->
            #{start := {_, _, Call}} = Spec = child(Class),
            Spec#{start := {?MODULE, start_dynamic, Call}}
    end;
template(Other) ->
    error(beamtalk_error:make(type_error, 'DynamicSupervisor', childClass, beamtalk_error:text(Other))).

is_supervisor(Class) ->
    beamtalk_dispatch:send(Class, isSupervisor, []) =:= true.

%% ---- starting children, in the supervisor's process --------------------------------------------------------------

-spec start_worker(module(), atom(), [term()]) -> {ok, pid()} | {error, term()}.
start_worker(Module, classMethod, [Selector, Arguments]) ->
    try beamtalk_dispatch:send({'$class', Module}, Selector, Arguments) of
        {'$actor', _, Pid} when is_pid(Pid) -> linked(Pid);
        #{'$class' := _, pid := Pid} when is_pid(Pid) -> linked(Pid);
        _ -> {error, <<"class method must return an Actor object">>}
    catch
        Kind:Reason:Stack -> {error, maps:get(message, beamtalk_error:from_erlang(Kind, Reason, Stack))}
    end;
start_worker(Module, spawn, []) ->
    case is_supervisor({'$class', Module}) of
        true -> start_nested(Module);
        false -> start_actor(none, Module, #{})
    end;
start_worker(Module, 'spawnWith:', [Fields]) ->
    start_actor(none, Module, Fields);
start_worker(Module, 'spawnAs:', [Name]) ->
    start_actor(Name, Module, #{});
start_worker(Module, 'spawnWith:as:', [Fields, Name]) ->
    start_actor(Name, Module, Fields).

linked(Pid) ->
    link(Pid),
    {ok, Pid}.

start_actor(Name, Module, Fields) when is_map(Fields), not is_map_key('$class', Fields) ->
    case {lists:member(abstract, beamtalk_registry:info(Module, modifiers, [])), Name} of
        {true, _} -> {error, <<"Abstract classes cannot be instantiated. Subclass it first.">>};
        {false, none} -> beamtalk_actor:start_link(Module, Fields);
        {false, _} -> beamtalk_actor:start_link(Name, Module, Fields)
    end;
start_actor(_, _, _) ->
    {error, <<"spawnWith: expects a Dictionary argument">>}.

%% As its class's specification says, with fields that override those given there.
-spec start_dynamic(module(), atom(), [term()], term()) -> {ok, pid()} | {error, term()}.
start_dynamic(_, _, _, Given) when not is_map(Given); is_map_key('$class', Given) ->
    {error, <<"spawnWith: expects a Dictionary argument">>};
start_dynamic(Module, spawn, [], Given) ->
    case is_supervisor({'$class', Module}) of
        true -> nested(Module, started(supervisor:start_link(?MODULE, Module)));
        false -> start_actor(none, Module, Given)
    end;
start_dynamic(Module, Function, [Fields | Name], Given) when
    is_map(Fields), not is_map_key('$class', Fields), Function =/= classMethod
->
    start_worker(Module, Function, [maps:merge(Fields, Given) | Name]);
start_dynamic(Module, 'spawnAs:', [Name], Given) ->
    start_worker(Module, 'spawnWith:as:', [Given, Name]);
start_dynamic(_, classMethod, _, Given) when Given =/= #{} ->
    {error, <<"a child that a class method starts takes no fields">>};
start_dynamic(Module, Function, Arguments, _) ->
    start_worker(Module, Function, Arguments).

%% ---- instance side ---------------------------------------------------------------------------------------------

%% Ids of the children that run, as OTP lists them: the newest first.
-spec children(handle()) -> [atom()].
children(Self) ->
    [Id || {Id, Child, _, _} <- supervisor:which_children(living(Self, children)), is_pid(Child)].

%% The running child of exactly that class.
-spec which(handle(), term()) -> map().
which(Self, {'$class', Wanted}) ->
    ask(Self, 'which:', fun(Pid) ->
        Children = [object(Child) || {_, Child, _, _} <- supervisor:which_children(Pid), is_pid(Child)],
        case [Child || Child <- Children, class_of(Child) =:= Wanted] of
            [Child | _] -> beamtalk_result:ok(Child);
            [] -> beamtalk_result:ok(nil)
        end
    end);
which(Self, _) ->
    failed(type_error, Self, 'which:', <<"The argument must be a class">>).

%% A child that is not there is as good as terminated.
-spec terminate(handle(), term()) -> map().
terminate(Self, {'$class', Module}) ->
    ask(Self, 'terminate:', fun(Pid) ->
        _ = supervisor:terminate_child(Pid, beamtalk_registry:class_name(Module)),
        beamtalk_result:ok(nil)
    end);
terminate(Self, _) ->
    failed(type_error, Self, 'terminate:', <<"The argument must be a class">>).

-spec start_child(handle()) -> map().
start_child(Self) ->
    start_child(Self, #{}, startChild).

-spec start_child(handle(), term()) -> map().
start_child(Self, Fields) ->
    start_child(Self, Fields, 'startChild:').

start_child(#{'$class' := Supervisor} = Self, Fields, Selector) ->
    ask(Self, Selector, fun(Pid) ->
        case supervisor:start_child(Pid, [Fields]) of
            {ok, Child} ->
                Object = object(Child),
                is_map(Object) andalso await_hooks(Pid, Child),
                beamtalk_system_event:child_added(Supervisor, class_of(Object), Child),
                beamtalk_result:ok(Object);
            {error, Reason} ->
                Text = reason(Reason),
                beamtalk_system_event:child_crashed(Supervisor, fun() -> child_class(Supervisor) end, Text),
                failed(child_start_failed, Self, Selector, Text)
        end
    end).

%% The module of the children's class, as far as its supervisor's class says it.
child_class(Supervisor) ->
    try beamtalk_dispatch:send({'$class', Supervisor}, childClass, []) of
        {'$class', Module} -> Module;
        _ -> unknown
    catch
        _:_ -> unknown
    end.

-spec terminate_child(handle(), term()) -> map().
terminate_child(Self, Child) ->
    Selector = 'terminateChild:',
    case child_pid(Child) of
        none ->
            failed(type_error, Self, Selector, <<"The argument must be an actor or a supervisor">>);
        ChildPid ->
            ask(Self, Selector, fun(Pid) ->
                case is_pid(ChildPid) andalso supervisor:terminate_child(Pid, ChildPid) of
                    {error, Reason} when Reason =/= not_found ->
                        failed(terminate_failed, Self, Selector, beamtalk_error:text(Reason));
                    _ ->
                        beamtalk_result:ok(nil)
                end
            end)
    end.

child_pid({'$actor', _, Name}) when is_atom(Name) -> whereis(Name);
child_pid({'$actor', _, Pid}) -> Pid;
child_pid(#{'$class' := _, pid := Pid}) -> Pid;
child_pid(_) -> none.

%% How many children run.
-spec count(handle()) -> non_neg_integer().
count(Self) ->
    {active, Count} = lists:keyfind(active, 1, supervisor:count_children(living(Self, count))),
    Count.

%% Ends the children, the last started first, and then the supervisor.
-spec stop(handle()) -> nil.
stop(#{'$class' := Module, pid := Pid}) ->
    try
        ok = gen_server:stop(Pid, shutdown, infinity),
        nil
    catch
        exit:noproc ->
            Class = beamtalk_registry:class_name(Module),
            beamtalk_error:raise_message('bt@stdlib@RuntimeError', runtime_error, ?STALE, Class, stop, nil)
    end.

-spec is_alive(handle()) -> boolean().
is_alive(#{pid := Pid}) ->
    is_process_alive(Pid).

-spec print_string(handle()) -> binary().
print_string(#{'$class' := Module, pid := Pid}) ->
    Kind =
        case beamtalk_registry:inherits(Module, 'bt@stdlib@DynamicSupervisor') of
            true -> "DynamicSupervisor(";
            false -> "Supervisor("
        end,
    Place = string:trim(pid_to_list(Pid), both, "<>"),
    iolist_to_binary([Kind, atom_to_binary(beamtalk_registry:class_name(Module)), ", ", Place, ")"]).

%% ---- what the instance side shares -----------------------------------------------------------------------------

%% The process of a handle; raises when it is gone.
living(#{'$class' := Module, pid := Pid}, Selector) ->
    Class = beamtalk_registry:class_name(Module),
    case {is_process_alive(Pid), is_starting_under(Pid)} of
        {true, false} ->
            Pid;
        {true, true} ->
            Hint = <<"The supervisor waits until this child's initialize has ended.">>,
            beamtalk_error:raise(deadlock_detected, Class, Selector, Hint);
        {false, _} ->
            beamtalk_error:raise(stale_handle, Class, Selector, ?STALE)
    end.

%% Answers what the function makes of the process, or a Result that says that it is gone.
ask(#{pid := Pid} = Self, Selector, Request) ->
    case is_process_alive(Pid) of
        true -> Request(living(Self, Selector));
        false -> failed(stale_handle, Self, Selector, ?STALE)
    end.

%% An actor is listed when it has initialized itself; until then the supervisor that starts it answers nobody.
is_starting_under(Supervisor) ->
    Parent =
        case get('$ancestors') of
            [Name | _] when is_atom(Name) -> whereis(Name);
            [Pid | _] -> Pid;
            _ -> none
        end,
    Parent =:= Supervisor andalso beamtalk_actors:module(self()) =:= error.

%% The actor or the supervisor's handle behind a child's process.
object(Pid) ->
    case beamtalk_actors:module(Pid) of
        {ok, Module} -> {'$actor', Module, Pid};
        error -> handle(supervised_class(Pid), Pid)
    end.

supervised_class(Pid) ->
    proplists:get_value(?CLASS, dictionary(Pid)).

dictionary(Pid) ->
    case process_info(Pid, dictionary) of
        {dictionary, Entries} -> Entries;
        undefined -> []
    end.

%% ---- what the tree of processes is built from --------------------------------------------------------------------

%% The supervisors that run and that no other one has started.
-spec tops() -> [pid()].
tops() ->
    [
        Pid
     || Name <- registered(),
        lists:prefix(?PREFIX, atom_to_list(Name)),
        Pid <- [whereis(Name)],
        is_pid(Pid),
        %% Its keeper alone.
        {'$ancestors', [_]} <- dictionary(Pid)
    ].

%% Of a supervisor of a Beamtalk class.
-spec settings(pid()) -> {module(), Strategy :: atom(), MaxRestarts :: integer(), Window :: integer()} | none.
settings(Pid) ->
    Entries = dictionary(Pid),
    case {proplists:get_value(?CLASS, Entries), proplists:get_value(?SETTINGS, Entries)} of
        {Module, {Strategy, MaxRestarts, Window}} -> {Module, Strategy, MaxRestarts, Window};
        _ -> none
    end.

class_of({'$actor', Module, _}) -> Module;
class_of(#{'$class' := Module}) -> Module.

failed(Kind, #{'$class' := Module}, Selector, Hint) ->
    beamtalk_result:error(beamtalk_error:make(Kind, beamtalk_registry:class_name(Module), Selector, Hint)).

%% Why something did not start, for people.
-spec reason(term()) -> binary().
reason({shutdown, {failed_to_start_child, Id, Reason}}) ->
    iolist_to_binary([atom_to_binary(Id), ": ", reason(Reason)]);
reason({start_spec, {duplicate_child_name, Id}}) ->
    iolist_to_binary(["two children have the id '", atom_to_binary(Id), "'"]);
reason({shutdown, {'$configuration', Message}}) ->
    Message;
reason({shutdown, {'$initialize', Hint}}) ->
    Hint;
reason(Text) when is_binary(Text) ->
    Text;
reason(Other) ->
    beamtalk_error:text(Other).
