%%% Names of actors, in the node's process registry: one flat namespace shared with OTP.
%%%
%%% A reference by name `{'$actor', Module, Name}' finds its process at every send and so survives restarts.
-module(beamtalk_actor_name).

-export([resolve/2, spawn_as/4, named/2, all/0, register_as/2, unregister/1, registered_name/1, taken/3]).

%% The process behind a reference; raises when the name is registered to nobody now.
-spec resolve(beamtalk_actor:actor(), atom()) -> pid().
resolve({_, _, Pid}, _) when is_pid(Pid) ->
    Pid;
resolve({_, Module, Name}, Selector) ->
    case whereis(Name) of
        Pid when is_pid(Pid) ->
            Pid;
        _ ->
            Hint = <<"No process is currently registered under name '", (atom_to_binary(Name))/binary, "'">>,
            beamtalk_error:raise(no_such_process, beamtalk_registry:class_name(Module), Selector, Hint)
    end.

%% Starts and names in one step: a name that is taken leaves nothing running.
-spec spawn_as({'$class', module()}, term(), term(), atom()) -> map().
spawn_as({'$class', Module}, Given, Name, Selector) ->
    Class = beamtalk_registry:class_name(Module),
    case check(Name, Class, Selector, <<"spawn">>) of
        {error, Exception} ->
            error_result(Exception);
        ok when not is_map(Given); is_map_key('$class', Given) ->
            Hint = <<"spawn failed: spawnWith: expects a Dictionary argument">>,
            error_result(beamtalk_error:make(instantiation_error, Class, Selector, Hint));
        ok ->
            case beamtalk_actor:start(Module, Given, Name, Selector) of
                {ok, Pid} ->
                    ok_result({'$actor', Module, Pid});
                {error, #{kind := instantiation_error, hint := Hint} = Exception} when is_binary(Hint) ->
                    error_result(Exception#{hint := <<"spawn failed: ", Hint/binary>>});
                {error, Exception} ->
                    error_result(Exception)
            end
    end.

%% A reference by name to an actor of the class or a subclass; Actor itself accepts any.
-spec named({'$class', module()}, term()) -> map().
named({'$class', Module}, Name) when is_atom(Name) ->
    Class = beamtalk_registry:class_name(Module),
    case find(Name) of
        {ok, Actual} ->
            case beamtalk_registry:inherits(Actual, Module) of
                true ->
                    ok_result({'$actor', Actual, Name});
                false ->
                    Found = [a_an(Actual), ", not a ", atom_to_binary(Class)],
                    error_result(beamtalk_error:make(wrong_class, Class, 'named:', registered(Name, Found)))
            end;
        foreign ->
            error_result(beamtalk_error:make(wrong_class, Class, 'named:', registered(Name, "a non-Beamtalk process")));
        error ->
            Hint = <<"No actor is registered under name '", (atom_to_binary(Name))/binary, "'">>,
            error_result(beamtalk_error:make(name_not_registered, Class, 'named:', Hint))
    end;
named({'$class', Module}, _) ->
    Hint = <<"The name must be a Symbol">>,
    error_result(beamtalk_error:make(type_error, beamtalk_registry:class_name(Module), 'named:', Hint)).

registered(Name, What) ->
    unicode:characters_to_binary(["Name '", atom_to_binary(Name), "' is registered to ", What]).

a_an(Module) ->
    ["a ", atom_to_binary(beamtalk_registry:class_name(Module))].

find(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) ->
            case beamtalk_actors:module(Pid) of
                {ok, Module} -> {ok, Module};
                error -> foreign
            end;
        _ ->
            error
    end.

-spec all() -> [beamtalk_actor:actor()].
all() ->
    [{'$actor', Module, Name} || Name <- lists:sort(registered()), {ok, Module} <- [find(Name)]].

-spec register_as(beamtalk_actor:actor(), term()) -> map().
register_as({_, Module, _} = Self, Name) ->
    Class = beamtalk_registry:class_name(Module),
    case check(Name, Class, 'registerAs:', <<"register">>) of
        {error, Exception} ->
            error_result(Exception);
        ok ->
            Pid = resolve(Self, 'registerAs:'),
            try register(Name, Pid) of
                true -> ok_result(Self)
            catch
                error:badarg -> refused(Self, Pid, Name, Class)
            end
    end.

%% The VM says only that it refused; this finds out why.
refused(Self, Pid, Name, Class) ->
    case {whereis(Name), registered_name(Self), is_process_alive(Pid)} of
        {_, _, false} ->
            beamtalk_error:raise(actor_dead, Class, 'registerAs:');
        {Pid, _, _} ->
            ok_result(Self);
        {undefined, Other, _} when Other =/= nil ->
            Hint = <<"The actor is already registered under name '", (atom_to_binary(Other))/binary, "'">>,
            error_result(beamtalk_error:make(type_error, Class, 'registerAs:', Hint));
        {undefined, _, _} ->
            error_result(beamtalk_error:make(type_error, Class, 'registerAs:', <<"This name cannot be registered">>));
        _ ->
            error_result(name_registered(Name, Class, 'registerAs:'))
    end.

-spec unregister(beamtalk_actor:actor()) -> ok.
unregister({_, _, Pid} = Self) when is_pid(Pid) ->
    case registered_name(Self) of
        nil -> ok;
        Name -> release(Name)
    end;
unregister({_, _, Name} = Self) ->
    _ = resolve(Self, unregister),
    release(Name).

%% Somebody else may have been faster, which is as good.
release(Name) ->
    try
        erlang:unregister(Name),
        ok
    catch
        error:badarg -> ok
    end.

-spec registered_name(beamtalk_actor:actor()) -> atom().
registered_name({_, _, Pid}) when is_pid(Pid), node(Pid) =:= node() ->
    case process_info(Pid, registered_name) of
        {registered_name, Name} -> Name;
        _ -> nil
    end;
registered_name({_, _, Pid}) when is_pid(Pid) ->
    nil;
registered_name({_, _, Name}) ->
    Name.

%% The error of a start under a name that somebody has.
-spec taken(atom(), module(), atom()) -> beamtalk_error:exception().
taken(Name, Module, Selector) ->
    name_registered(Name, beamtalk_registry:class_name(Module), Selector).

name_registered(Name, Class, Selector) ->
    Hint = <<"Name '", (atom_to_binary(Name))/binary, "' is already registered">>,
    beamtalk_error:make(name_registered, Class, Selector, Hint).

check(Name, Class, Selector, Verb) when is_atom(Name), Name =/= nil, Name =/= true, Name =/= false, Name =/= undefined ->
    case is_reserved(Name) of
        true ->
            Text = <<"Cannot ", Verb/binary, " actor under reserved name '", (atom_to_binary(Name))/binary, "'">>,
            {error, beamtalk_error:make(reserved_name, Class, Selector, Text)};
        false ->
            ok
    end;
check(_, Class, Selector, _) ->
    {error, beamtalk_error:make(type_error, Class, Selector, <<"The name must be a Symbol">>)}.

is_reserved(Name) ->
    case atom_to_binary(Name) of
        <<"beamtalk_", _/binary>> -> true;
        _ -> lists:member(Name, reserved())
    end.

%% Names that processes of OTP's kernel and stdlib have or will have.
reserved() ->
    [
        application_controller, code_server, erl_prim_loader, erl_signal_server, error_logger, erts_code_purger,
        file_server_2, global_group, global_group_check, global_name_server, inet_db, init, kernel_refc,
        kernel_safe_sup, kernel_sup, logger, logger_handler_watcher, logger_proxy, logger_std_h_default, logger_sup,
        net_kernel, net_sup, rex, socket_registry, standard_error, standard_error_sup, standard_error_writer, user,
        user_drv, user_drv_reader, user_drv_writer
    ].

ok_result(Value) ->
    #{'$class' => 'bt@stdlib@Result', isOk => true, okValue => Value, errReason => nil}.

error_result(Exception) ->
    #{'$class' => 'bt@stdlib@Result', isOk => false, okValue => nil, errReason => Exception}.
