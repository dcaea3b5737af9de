%%% Loads and unloads classes: whole batches at once, never killing a process that runs old code.
%%%
%%% One batch at a time. Live actors of a class whose fields changed adapt before their next message.
-module(beamtalk_loader).
-behaviour(gen_server).

-export([start_link/0, load/1, unload/1]).
-export([init/1, handle_call/3, handle_cast/2]).


-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Answers the names of the classes among the modules.
-spec load([{module(), File :: string(), Beam :: binary()}]) -> {ok, [binary()]} | {error, atom(), binary()}.
load(Batch) ->
    gen_server:call(?MODULE, {load, Batch}, infinity).

%% Ends the classes' actors and forgets their names, variables and extensions.
-spec unload([module()]) -> ok | {error, atom(), binary()}.
unload(Modules) ->
    gen_server:call(?MODULE, {unload, Modules}, infinity).

-spec init([]) -> {ok, []}.
init([]) ->
    {ok, []}.

-spec handle_call(term(), gen_server:from(), []) -> {reply, term(), []}.
handle_call({load, Batch}, _, State) ->
    {reply, load_batch(Batch), State};
handle_call({unload, Modules}, _, State) ->
    {reply, first_error([unload_module(Module) || Module <- Modules]), State}.

-spec handle_cast(term(), []) -> {noreply, []}.
handle_cast(_, State) ->
    {noreply, State}.

%% ---- loading -------------------------------------------------------------------------------------------------

load_batch(Batch) ->
    case code:prepare_loading(Batch) of
        {error, Errors} ->
            {error, load_failed, problems(Errors)};
        {ok, Prepared} ->
            Modules = [Module || {Module, _, _} <- Batch],
            finish(Modules, Prepared, [{Module, field_names(Module)} || Module <- Modules, is_actor_class(Module)])
    end.

finish(Modules, Prepared, OldFields) ->
    case first_error([free_of_old_code(Module) || Module <- Modules]) of
        ok ->
            case code:finish_loading(Prepared) of
                ok ->
                    Classes = [Module || Module <- Modules, erlang:function_exported(Module, '$info', 1)],
                    lists:foreach(fun beamtalk_registry:register/1, Classes),
                    lists:foreach(fun migrate/1, OldFields),
                    lists:foreach(fun beamtalk_system_event:class_loaded/1, Classes),
                    {ok, [atom_to_binary(beamtalk_registry:class_name(Module)) || Module <- Classes]};
                {error, Errors} ->
                    {error, load_failed, problems(Errors)}
            end;
        Error ->
            Error
    end.

problems(Errors) ->
    beamtalk_error:text(Errors).

free_of_old_code(Module) ->
    {ok, Wait} = application:get_env(beamtalk, load_wait),
    case beamtalk_purge:await(Module, Wait) of
        ok -> ok;
        in_use -> {error, code_in_use, in_use_text(Module)}
    end.

in_use_text(Module) ->
    Name = atom_to_binary(beamtalk_registry:class_name(Module)),
    <<Name/binary, " still runs code from two versions ago; end the process or drop the block that uses it">>.

first_error(Results) ->
    case [Error || {error, _, _} = Error <- Results] of
        [Error | _] -> Error;
        [] -> ok
    end.

%% ---- live actors ---------------------------------------------------------------------------------------------

is_actor_class(Module) ->
    erlang:module_loaded(Module) andalso beamtalk_registry:info(Module, kind) =:= actor.

field_names(Module) ->
    [Name || {Name, _} <- beamtalk_registry:info(Module, fields, [])].

migrate({Module, Old}) ->
    case field_names(Module) of
        New when Old =/= New ->
            [beamtalk_actor:migrate(Pid, Old -- New) || Pid <- beamtalk_actors:of_class(Module)],
            ok;
        _ ->
            ok
    end.

%% ---- unloading -----------------------------------------------------------------------------------------------

unload_module(Module) ->
    [exit(Pid, kill) || {Pid, Class, _} <- beamtalk_actors:all(), Class =:= Module],
    case free_of_old_code(Module) of
        ok ->
            IsClass = erlang:function_exported(Module, '$info', 1),
            beamtalk_registry:unregister(Module),
            beamtalk_ext:remove_class(Module),
            beamtalk_class_state:forget(Module),
            _ = code:delete(Module),
            IsClass andalso beamtalk_system_event:class_removed(Module),
            ok;
        Error ->
            Error
    end.
