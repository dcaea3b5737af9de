%%% The supervisors that belong to the workspace: that of the project's application, and those that somebody has attached.
%%%
%%% They are kept like any other that is started by itself and are never started again by the workspace. This module only
%%% remembers, by class, the process that keeps an attached one. Which class is the application's, its manifest says.
-module(beamtalk_attached).

-export([create/0, root/0, all/0, start/1, stop/1]).

-type class() :: {'$class', module()}.

-define(TABLE, beamtalk_attached).

%% Rows: {module(), Keeper :: pid(), Order :: integer()}. That of a keeper that has ended means nothing.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% The application's, while it runs.
-spec root() -> beamtalk_supervisor:handle() | nil.
root() ->
    case beamtalk_host:call(application) of
        {ok, <<_, _/binary>> = Name} -> root(beamtalk_registry:find(Name));
        _ -> nil
    end.

root({ok, Module}) ->
    case is_supervisor(Module) of
        true -> beamtalk_supervisor:current({'$class', Module});
        false -> nil
    end;
root(error) ->
    nil.

%% Those that run: the application's, then the others in the order in which they were attached.
-spec all() -> [beamtalk_supervisor:handle()].
all() ->
    Rows = lists:keysort(3, ets:tab2list(?TABLE)),
    lists:uniq([Handle || Handle <- [root() | [attached(Module) || {Module, _, _} <- Rows]], Handle =/= nil]).

%% The one of that class, if it belongs to the workspace.
belonging(Module) ->
    case {attached(Module), root()} of
        {nil, #{'$class' := Module} = Root} -> Root;
        {Attached, _} -> Attached
    end.

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
    case belonging(Module) of
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
    case belonging(Module) of
        nil -> failed('stopSupervisor:', [name(Module), " is not attached to the workspace"]);
        Handle -> beamtalk_supervisor:stop(Handle)
    end.

checked({'$class', Module} = Class, Selector) ->
    case is_supervisor(Module) of
        true -> Module;
        false -> no_supervisor(Class, Selector)
    end;
checked(Other, Selector) ->
    no_supervisor(Other, Selector).

is_supervisor(Module) ->
    Supervisors = ['bt@stdlib@Supervisor', 'bt@stdlib@DynamicSupervisor'],
    lists:any(fun(Super) -> Module =/= Super andalso beamtalk_registry:inherits(Module, Super) end, Supervisors).

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
