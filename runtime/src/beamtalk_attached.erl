%%% The supervisors that belong to the workspace: those that somebody has attached to it.
%%%
%%% An attached supervisor is kept like any other that is started by itself and is never started again by the workspace. This
%%% module only remembers, by class, the process that keeps it.
-module(beamtalk_attached).

-export([create/0, all/0, start/1, stop/1]).

-type class() :: {'$class', module()}.

-define(TABLE, beamtalk_attached).

%% Rows: {module(), Keeper :: pid(), Order :: integer()}. That of a keeper that has ended means nothing.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% Those that run, in the order in which they were attached.
-spec all() -> [beamtalk_supervisor:handle()].
all() ->
    Rows = lists:keysort(3, ets:tab2list(?TABLE)),
    [Handle || {Module, _, _} <- Rows, Handle <- [attached(Module)], Handle =/= nil].

attached(Module) ->
    case ets:lookup(?TABLE, Module) of
        [{_, Keeper, _}] ->
            %% It ends with what it keeps.
            case is_process_alive(Keeper) of
                true -> beamtalk_supervisor:current({'$class', Module});
                false -> nil
            end;
        [] ->
            nil
    end.

%% Starts the supervisor of the class under the workspace, or finds the one that is attached.
-spec start(class() | term()) -> beamtalk_supervisor:handle().
start(Class) ->
    Module = checked(Class, 'startSupervisor:'),
    case attached(Module) of
        nil -> attach(Module);
        Handle -> Handle
    end.

attach(Module) ->
    case beamtalk_supervisor:run(Module, fun() -> claim(Module) end) of
        {ok, Handle} ->
            Handle;
        {error, {claimed, Keeper}} ->
            await_start(Module, Keeper),
            start({'$class', Module});
        {error, {already_started, _}} ->
            Text = [name(Module), " is already running; stop it first, then attach to the workspace"],
            failed('startSupervisor:', Text);
        {error, Reason} ->
            failed('startSupervisor:', [name(Module), " did not start: ", beamtalk_supervisor:reason(Reason)])
    end.

%% In the process that will keep the supervisor.
claim(Module) ->
    case ets:insert_new(?TABLE, {Module, self(), erlang:unique_integer([monotonic])}) of
        true ->
            ok;
        false ->
            case ets:lookup(?TABLE, Module) of
                [{_, Keeper, _} = Row] ->
                    case is_process_alive(Keeper) of
                        true ->
                            {error, {claimed, Keeper}};
                        false ->
                            true = ets:delete_object(?TABLE, Row),
                            claim(Module)
                    end;
                [] ->
                    claim(Module)
            end
    end.

%% Somebody else starts it at this moment.
await_start(Module, Keeper) ->
    case lists:member(Keeper, [Pid || {'$ancestors', Pids} <- get(), Pid <- Pids]) of
        true ->
            Hint = <<"The supervisor is being started by this very process.">>,
            beamtalk_error:raise(deadlock_detected, beamtalk_registry:class_name(Module), 'startSupervisor:', Hint);
        false ->
            beamtalk_supervisor:await_start(Keeper)
    end.

-spec stop(class() | term()) -> nil.
stop(Class) ->
    Module = checked(Class, 'stopSupervisor:'),
    case attached(Module) of
        nil -> failed('stopSupervisor:', [name(Module), " is not attached to the workspace"]);
        Handle -> beamtalk_supervisor:stop(Handle)
    end.

checked({'$class', Module} = Class, Selector) ->
    Supervisors = ['bt@stdlib@Supervisor', 'bt@stdlib@DynamicSupervisor'],
    case lists:any(fun(Super) -> Module =/= Super andalso beamtalk_registry:inherits(Module, Super) end, Supervisors) of
        true -> Module;
        false -> no_supervisor(Class, Selector)
    end;
checked(Other, Selector) ->
    no_supervisor(Other, Selector).

-spec no_supervisor(term(), atom()) -> no_return().
no_supervisor(Object, Selector) ->
    Text = <<(beamtalk_display:short(Object))/binary, " is not a Supervisor or DynamicSupervisor subclass">>,
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Text, 'WorkspaceInterface', Selector, nil).

-spec failed(atom(), iolist()) -> no_return().
failed(Selector, Text) ->
    Message = unicode:characters_to_binary(Text),
    beamtalk_error:raise_message('bt@stdlib@RuntimeError', runtime_error, Message, 'WorkspaceInterface', Selector, nil).

name(Module) ->
    atom_to_binary(beamtalk_registry:class_name(Module)).
