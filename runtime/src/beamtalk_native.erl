%%% Actors backed by an Erlang module (`Actor subclass: C native: m'): starting its process and asking it.
%%%
%%% The process is a `gen_server' or `gen_statem' of that module and knows nothing of us. The class's methods run in the
%%% sender's process; those whose body is `self delegate' send it `{Selector, Args, Context}', the Tracing context of the
%%% sender, and expect `{ok, Value}' or
%%% `{error, Reason}'.
-module(beamtalk_native).

-export([is_native/1, start/3, start_link/2, start_link/3, send/4, cast/3]).
-export([request/3, request/4, limit/0, timed_out/2]).

%% Process-dictionary key: the limit of the send that is being made, in milliseconds, and to which process.
-define(LIMIT, '$beamtalk_native_limit').
-define(DEFAULT_LIMIT, 5000).

%% Whether the class's own definition names a backing module; a subclass does not inherit it.
-spec is_native(module()) -> boolean().
is_native(Module) ->
    erlang:function_exported(Module, '$native', 0).

%% ---- starting ------------------------------------------------------------------------------------------------

%% Starts the process apart from the caller: its module knows only `start_link', and a start that fails must not end the
%% caller by its link.
-spec start(module(), map(), none | atom()) ->
    {ok, pid()} | {error, name_taken | binary() | beamtalk_error:exception()}.
start(Module, Given, Name) ->
    Who = case get(self()) of undefined -> program; _ -> process end,
    {Starter, Watch} = spawn_monitor(fun() ->
        process_flag(trap_exit, true),
        exit({started, started(Module, Given, Name, Who)})
    end),
    receive
        {'DOWN', Watch, process, Starter, {started, Outcome}} -> Outcome;
        {'DOWN', Watch, process, Starter, Reason} -> {error, beamtalk_error:text(Reason)}
    end.

started(Module, Given, Name, Who) ->
    case start_link(Name, Module, Given, Who) of
        {ok, Pid} ->
            unlink(Pid),
            {ok, Pid};
        {error, {already_started, _}} ->
            {error, name_taken};
        {error, Reason} ->
            case beamtalk_error:is_exception(Reason) of
                true -> {error, Reason};
                false -> {error, beamtalk_error:text(Reason)}
            end
    end.

%% For supervisors.
-spec start_link(module(), map()) -> {ok, pid()} | {error, term()}.
start_link(Module, Given) ->
    start_link(none, Module, Given).

-spec start_link(none | atom(), module(), map()) -> {ok, pid()} | {error, term()}.
start_link(Name, Module, Given) ->
    start_link(Name, Module, Given, process).

start_link(Name, Module, Given, Who) ->
    beamtalk_trace:watch_sends(),
    {Backing, _} = Module:'$native'(),
    try Backing:start_link(Given) of
        {ok, Pid} -> named(Name, Pid, Module, Who);
        {error, Reason} -> {error, Reason};
        Other -> {error, {bad_start, Other}}
    catch
        Class:Reason:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
            {error, Message}
    end.

named(none, Pid, Module, Who) ->
    beamtalk_system_event:actor_spawned(Pid, Module),
    beamtalk_actors:register(Pid, Module, Who),
    beamtalk_trace:lifecycle(start, Pid, Module),
    {ok, Pid};
named(Name, Pid, Module, Who) ->
    try register(Name, Pid) of
        true -> named(none, Pid, Module, Who)
    catch
        error:badarg ->
            unlink(Pid),
            exit(Pid, kill),
            {error, {already_started, whereis(Name)}}
    end.

%% ---- sending -------------------------------------------------------------------------------------------------

%% A method of a native actor, run here. What it delegates is subject to the limit of this send.
-spec send(beamtalk_actor:actor(), atom(), [term()], timeout()) -> term().
send(_, '$state', [], _) ->
    #{};
send({_, Module, _} = Actor, Selector, Args, Limit) ->
    Pid = beamtalk_actor_name:resolve(Actor, Selector),
    Run = fun() -> run(Pid, Actor, Selector, Args, Limit) end,
    case get(?LIMIT) of
        {_, Pid} -> Run();
        _ -> counted(Pid, Module, Selector, fun() -> traced(beamtalk_trace:mode(), Pid, Module, Selector, Run) end)
    end.

counted(Pid, Module, Selector, Run) ->
    try Run() of
        Value ->
            beamtalk_trace:sent(Pid, Module, Selector, ok),
            Value
    catch
        error:Reason:Stack ->
            beamtalk_trace:sent(Pid, Module, Selector, error),
            erlang:raise(error, Reason, Stack)
    end.

traced(capturing, Pid, Module, Selector, Run) ->
    beamtalk_trace:captured(Pid, Module, Selector, fun(_, _) -> Run() end);
traced(_, _, _, _, Run) ->
    Run().

run(Pid, {_, Module, _} = Actor, Selector, Args, Limit) ->
    Before = put(?LIMIT, {Limit, Pid}),
    try
        apply(Module, Selector, [Actor | Args])
    after
        case Before of
            undefined -> erase(?LIMIT);
            _ -> put(?LIMIT, Before)
        end
    end.

%% A method that does not delegate runs in a process of its own: nobody waits for it.
-spec cast(beamtalk_actor:actor(), atom(), [term()]) -> ok.
cast({_, Module, To} = Actor, Selector, Args) ->
    {_, Delegated} = Module:'$native'(),
    Context = beamtalk_trace:cast_context(To, Module, Selector),
    Whom = case is_pid(To) of true -> To; false -> whereis(To) end,
    case {Whom, lists:member(Selector, Delegated)} of
        {undefined, _} ->
            ok;
        {Pid, true} ->
            beamtalk_trace:sent(Pid, Module, Selector, ok),
            Request = {Selector, beamtalk_foreign_block:copied(Args, Pid), beamtalk_trace:app_part(Context)},
            gen_server:cast(Pid, Request);
        {Pid, false} ->
            Carried = beamtalk_frame:carry(Args),
            _ = spawn(fun() ->
                _ = beamtalk_frame:install(Carried),
                beamtalk_trace:enter(Context),
                run_unanswered(Pid, Actor, Selector, Args)
            end),
            ok
    end.

run_unanswered(Pid, {_, Module, _} = Actor, Selector, Args) ->
    try
        counted(Pid, Module, Selector, fun() -> run(Pid, Actor, Selector, Args, ?DEFAULT_LIMIT) end)
    catch
        Class:Reason:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
            logger:warning("~ts ~ts failed: ~ts", [beamtalk_registry:class_name(Module), Selector, Message])
    end.

%% `self delegate': asks the backing process.
-spec request(beamtalk_actor:actor(), atom(), [term()]) -> term().
request(Actor, Selector, Args) ->
    request(Actor, Selector, Args, limit()).

%% How long the send that is being made may take.
-spec limit() -> timeout().
limit() ->
    case get(?LIMIT) of
        undefined -> ?DEFAULT_LIMIT;
        {Given, _} -> Given
    end.

-spec request(beamtalk_actor:actor(), atom(), [term()], timeout()) -> term().
request({_, Module, _} = Actor, Selector, Args, Limit) ->
    Server = beamtalk_actor_name:resolve(Actor, Selector),
    Context = beamtalk_trace:app_part(beamtalk_trace:context()),
    try gen_server:call(Server, {Selector, beamtalk_foreign_block:copied(Args, Server), Context}, Limit) of
        {ok, Value} -> Value;
        {error, Reason} -> refused(Reason, Module, Selector);
        Other -> Other
    catch
        exit:{timeout, _} ->
            timed_out(Actor, Selector);
        exit:{_, {gen_server, call, _}} ->
            beamtalk_error:raise(actor_dead, beamtalk_registry:class_name(Module), Selector)
    end.

-spec timed_out(beamtalk_actor:actor(), atom()) -> no_return().
timed_out({_, Module, _}, Selector) ->
    Hint = <<"The actor did not respond within the timeout period; it may be slow, overloaded or deadlocked.">>,
    beamtalk_error:raise(timeout, beamtalk_registry:class_name(Module), Selector, Hint).

-spec refused(term(), module(), atom()) -> no_return().
refused(Reason, Module, Selector) ->
    case beamtalk_error:is_exception(Reason) of
        true ->
            erlang:error(Reason);
        false ->
            Text = beamtalk_exception:message_text(Reason),
            Class = beamtalk_registry:class_name(Module),
            beamtalk_error:raise_message('bt@stdlib@RuntimeError', runtime_error, Text, Class, Selector, nil)
    end.
