%%% The host's requests (docs/internals/node-protocol.md): checks each and starts what it asks for.
%%%
%%% Nothing here takes long in the connection's process: evaluations go to their session, other work to a process of its own.
-module(beamtalk_request).

-export([handle/2, error_map/2, error_map/1]).

%% Longest wait for values that print themselves, in milliseconds.
-define(RENDER_WAIT, 10000).

-spec handle(beamtalk_host:from(), term()) -> ok.
handle(From, {eval, Session, Module, _File, Beam}) when is_binary(Session), is_binary(Module), is_binary(Beam) ->
    with_session(From, Session, fun(Pid) -> beamtalk_session:eval(Pid, From, binary_to_atom(Module), Beam) end);
handle(From, {interrupt, Session}) when is_binary(Session) ->
    with_session(From, Session, fun(Pid) -> beamtalk_session:interrupt(Pid, From) end);
handle(From, {stdin, Session, Data}) when is_binary(Session), is_binary(Data) orelse Data =:= eof ->
    with_session(From, Session, fun(Pid) ->
        beamtalk_session:input(Pid, Data),
        ok(From, ok)
    end);
handle(From, {clear, Session}) when is_binary(Session) ->
    with_session(From, Session, fun(Pid) -> beamtalk_session:clear(Pid, From) end);
handle(From, {bindings, Session}) when is_binary(Session) ->
    with_session(From, Session, fun(Pid) ->
        apart(From, fun() ->
            {Bindings, Leader} = beamtalk_session:bindings(Pid),
            rendered(From, Leader, Bindings)
        end)
    end);
handle(From, ping) ->
    ok(From, pong);
handle(From, {open_session, Session}) when is_binary(Session) ->
    case beamtalk_session:open(Session) of
        ok -> ok(From, ok);
        {error, Reason} -> fail(From, session_failed, beamtalk_error:text(Reason))
    end;
handle(From, {close_session, Session}) when is_binary(Session) ->
    apart(From, fun() ->
        beamtalk_session:close(Session),
        ok(From, ok)
    end);
handle(From, sessions) ->
    ok(From, beamtalk_session:names());
handle(From, {load, Batch}) when is_list(Batch) ->
    case [{binary_to_atom(M), binary_to_list(F), B} || {M, F, B} <- Batch, is_binary(M), is_binary(F), is_binary(B)] of
        Modules when length(Modules) =:= length(Batch) ->
            apart(From, fun() -> answer(From, beamtalk_loader:load(Modules)) end);
        _ ->
            unknown(From)
    end;
handle(From, {unload, Names}) when is_list(Names) ->
    with_modules(From, Names, fun(Modules) ->
        case beamtalk_loader:unload(Modules) of
            ok -> ok(From, ok);
            Error -> answer(From, Error)
        end
    end);
handle(From, {release, Names}) when is_list(Names) ->
    with_modules(From, Names, fun(Modules) ->
        ok(From, [atom_to_binary(Module) || Module <- beamtalk_purge:release(Modules)])
    end);
handle(From, {flushed, Files}) when is_list(Files) ->
    case lists:all(fun is_binary/1, Files) of
        true ->
            beamtalk_system_event:flush_completed(Files),
            ok(From, ok);
        false ->
            unknown(From)
    end;
handle(From, actors) ->
    %% The workspace's own streams are not counted.
    Others = [Actor || {_, Module, _} = Actor <- beamtalk_actors:all(), Module =/= 'bt@stdlib@TranscriptStream'],
    ok(From, [actor(Actor) || Actor <- Others]);
handle(From, {inspect, Pid}) when is_binary(Pid) ->
    with_actor(From, Pid, fun(Actor) ->
        Fields = lists:keysort(1, maps:to_list(beamtalk_actor:fields(Actor, inspect))),
        rendered(From, group_leader(), [{atom_to_binary(Name), Value} || {Name, Value} <- Fields, is_atom(Name)])
    end);
handle(From, {help, Class, Selector}) when is_binary(Class), is_binary(Selector) orelse Selector =:= nil ->
    apart(From, fun() -> helped(From, Class, Selector) end);
handle(From, {kill, Pid}) when is_binary(Pid) ->
    with_actor(From, Pid, fun(Actor) ->
        beamtalk_actor:kill(Actor),
        ok(From, ok)
    end);
handle(From, modules) ->
    Modules = [M || M <- beamtalk_registry:user_modules(), beamtalk_registry:package(M) =/= <<"stdlib">>],
    ok(From, [module(Module) || Module <- lists:sort(Modules)]);
handle(From, {tests, all}) ->
    apart(From, fun() -> ok(From, [test_class(Test) || Test <- beamtalk_test_run:tests()]) end);
handle(From, {tests, Names}) when is_list(Names) ->
    with_modules(From, Names, fun(Modules) -> ok(From, [test_class(Test) || Test <- beamtalk_test_run:tests(Modules)]) end);
handle(From, {test, Session, Module, Selectors, Limit}) when
    is_binary(Session), is_binary(Module), is_list(Selectors), is_integer(Limit)
->
    with_session(From, Session, fun(Pid) ->
        with_modules(From, [Module | Selectors], fun([Class | Tests]) ->
            {_, Leader} = beamtalk_session:bindings(Pid),
            group_leader(Leader, self()),
            Most = case Limit of 0 -> infinity; _ -> Limit end,
            ok(From, [outcome(Outcome) || Outcome <- beamtalk_test_suite:run(Class, Tests, Most)])
        end)
    end);
handle(From, stop) ->
    ok(From, ok),
    beamtalk_boot:stop();
handle(From, _) ->
    unknown(From).

helped(From, Class, nil) -> ok(From, beamtalk_help:class(Class));
helped(From, Class, Selector) -> ok(From, beamtalk_help:method(Class, binary_to_atom(Selector))).

%% ---- answers -------------------------------------------------------------------------------------------------

ok(From, Term) ->
    beamtalk_host:reply(From, {ok, Term}).

answer(From, {ok, Term}) -> ok(From, Term);
answer(From, {error, Kind, Message}) -> fail(From, Kind, Message).

fail(From, Kind, Message) ->
    beamtalk_host:reply(From, {error, error_map(Kind, Message)}).

unknown(From) ->
    fail(From, bad_request, <<"the node does not know this request, or its arguments are wrong">>).

-spec error_map(atom(), binary()) -> map().
error_map(Kind, Message) ->
    error_map(beamtalk_error:make_message(beamtalk_error:exception_module(Kind), Kind, Message, nil, nil, nil)).

%% An exception as the host gets it.
-spec error_map(beamtalk_error:exception()) -> map().
error_map(#{'$class' := Module, kind := Kind, message := Message} = Exception) ->
    #{
        class => atom_to_binary(beamtalk_registry:class_name(Module)),
        kind => atom_to_binary(Kind),
        message => Message,
        hint => maps:get(hint, Exception, nil),
        trace => beamtalk_stack:lines(maps:get(stackTrace, Exception, []))
    }.

%% ---- work of its own process ---------------------------------------------------------------------------------

%% Whatever goes wrong in the work is the request's answer.
apart(From, Work) ->
    _ = spawn(fun() ->
        try
            Work()
        catch
            Class:Reason:Stack ->
                Exception = beamtalk_error:from_erlang(Class, Reason, Stack),
                beamtalk_host:reply(From, {error, error_map(Exception)})
        end
    end),
    ok.

with_session(From, Session, Work) ->
    case beamtalk_session:find(Session) of
        {ok, Pid} -> Work(Pid);
        error -> fail(From, no_session, <<"Session '", Session/binary, "' is not open">>)
    end.

with_modules(From, Names, Work) ->
    case lists:all(fun is_binary/1, Names) of
        true -> apart(From, fun() -> Work([binary_to_atom(Name) || Name <- Names]) end);
        false -> unknown(From)
    end.

with_actor(From, Text, Work) ->
    case actor_at(Text) of
        {ok, Actor} -> apart(From, fun() -> Work(Actor) end);
        error -> fail(From, not_found, <<"No actor has the process id ", Text/binary>>)
    end.

actor_at(Text) ->
    try list_to_pid("<" ++ string:trim(binary_to_list(Text), both, "<>") ++ ">") of
        Pid ->
            case beamtalk_actors:module(Pid) of
                {ok, Module} -> {ok, {'$actor', Module, Pid}};
                error -> error
            end
    catch
        error:badarg -> error
    end.

%% Values print themselves by user code, which may never end.
rendered(From, Leader, Pairs) ->
    {Pid, Watch} = spawn_monitor(fun() ->
        group_leader(Leader, self()),
        exit({rendered, [{Name, beamtalk_display:value(Value)} || {Name, Value} <- lists:keysort(1, Pairs)]})
    end),
    receive
        {'DOWN', Watch, process, Pid, {rendered, Displays}} ->
            ok(From, Displays);
        {'DOWN', Watch, process, Pid, Reason} ->
            fail(From, runtime_error, beamtalk_error:text(Reason))
    after ?RENDER_WAIT ->
        erlang:demonitor(Watch, [flush]),
        exit(Pid, kill),
        fail(From, timeout_error, <<"a value did not print itself in time">>)
    end.

actor({Pid, Module, SpawnedAt}) ->
    #{
        pid => list_to_binary(pid_to_list(Pid)),
        class => atom_to_binary(beamtalk_registry:class_name(Module)),
        module => atom_to_binary(Module),
        spawned_at => SpawnedAt
    }.

test_class({Module, Selectors}) ->
    #{
        module => atom_to_binary(Module),
        class => atom_to_binary(beamtalk_registry:class_name(Module)),
        tests => [atom_to_binary(Selector) || Selector <- Selectors],
        serial => beamtalk_test_suite:is_serial(Module),
        file => beamtalk_registry:info(Module, source_file, nil)
    }.

outcome(#{class := Class, name := Name} = Outcome) ->
    Outcome#{class := atom_to_binary(Class), name := atom_to_binary(Name)}.

module(Module) ->
    #{
        name => atom_to_binary(beamtalk_registry:class_name(Module)),
        module => atom_to_binary(Module),
        source_file => beamtalk_registry:info(Module, source_file, nil),
        actor_count => beamtalk_actors:count(Module),
        load_time => beamtalk_registry:loaded_at(Module)
    }.
