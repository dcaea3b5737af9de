%%% Who supervises whom at one moment: the nodes of ProcessNavigation.
%%%
%%% A query asks supervisors, briefly, and never the processes that they supervise; what does not answer in time is left out.
%%% Nodes of one query share a snapshot to find their relatives in. It is a binary, so that a list of nodes that goes to
%%% another process, or becomes a variable of a session, does not multiply it.
-module(beamtalk_process_tree).

-export([default/0, system/0, from/1]).
-export([children/1, parent/1, parent_pid/1, strategy/1, restart_intensity/1, truncated/1, status/1]).

-type tree_node() :: #{'$class' := module(), atom() => term()}.
-type snapshot() :: binary().

%% Key of a node: its snapshot and its place therein. Nodes that a program makes have none.
-define(PLACE, '$snapshot').
%% How long one supervisor, and all of a query, may take to answer, in milliseconds.
-define(PATIENCE, 500).
-define(WHOLE_PATIENCE, 2000).
%% How long a process may take to tell its status.
-define(STATUS_PATIENCE, 2000).
%% Of a supervisor with more children only their number is told.
-define(MANY, 200).

%% What is known of a process before its place in the tree is.
-record(found, {
    node :: tree_node(),
    strategy = nil :: atom(),
    intensity = nil :: map() | nil,
    truncated = false :: boolean(),
    children = [] :: [#found{}]
}).

%% ---- queries -------------------------------------------------------------------------------------------------

%% The trees of users: supervisors of Beamtalk classes that no other one has started, and what is below them.
-spec default() -> [tree_node()].
default() ->
    tree(users_roots()).

%% Those of the applications that run on the node as well.
-spec system() -> [tree_node()].
system() ->
    tree(applications_roots() ++ users_roots()).

%% The tree below a supervisor, a handle or a pid; of any other process it is a single node.
-spec from(term()) -> beamtalk_result:result().
from(#{'$class' := Module, pid := Pid}) when is_pid(Pid) ->
    case is_supervisor_class(Module) of
        true -> from(Pid);
        false -> not_a_root()
    end;
from(Pid) when is_pid(Pid), node(Pid) =:= node() ->
    case is_process_alive(Pid) of
        true -> beamtalk_result:ok(tree([Pid]));
        false -> failed(stale_handle, <<"the root process is not alive">>)
    end;
from(_) ->
    not_a_root().

not_a_root() ->
    failed(type_error, <<"from: expects a Supervisor handle or a Pid">>).

failed(Kind, Hint) ->
    beamtalk_result:error(beamtalk_error:make(Kind, 'ProcessNavigation', 'from:', Hint)).

is_supervisor_class(Module) ->
    beamtalk_registry:inherits(Module, 'bt@stdlib@Supervisor') orelse
        beamtalk_registry:inherits(Module, 'bt@stdlib@DynamicSupervisor').

%% ---- roots ---------------------------------------------------------------------------------------------------

%% Those that are attached to the workspace first.
users_roots() ->
    Attached = [Pid || #{pid := Pid} <- beamtalk_attached:all()],
    Attached ++ (lists:sort(beamtalk_supervisor:tops()) -- Attached).

applications_roots() ->
    Names = lists:sort([Name || {Name, _, _} <- application:which_applications()]),
    Masters = [application_controller:get_master(Name) || Name <- Names],
    [Root || Master <- Masters, is_pid(Master), {Root, _} <- [application_master:get_child(Master)], is_pid(Root)].

%% ---- asking --------------------------------------------------------------------------------------------------

tree(Roots) ->
    Deadline = erlang:monotonic_time(millisecond) + ?WHOLE_PATIENCE,
    placed([Found || Root <- lists:uniq(Roots), Found <- found(Root, kind_of_root(Root), Deadline)]).

kind_of_root(Pid) ->
    case is_supervisor(Pid) of
        true -> supervisor;
        false -> worker
    end.

%% A process and what is below it; nothing when it is gone.
found(Pid, Type, Deadline) ->
    case {beamtalk_actors:module(Pid), process_info(Pid, registered_name)} of
        {_, undefined} -> [];
        {{ok, Module}, Name} -> [#found{node = node(Pid, Name, beamtalkActor, {'$class', Module})}];
        {error, Name} when Type =:= worker -> [#found{node = node(Pid, Name, otpProcess, nil)}];
        {error, Name} -> [found_supervisor(Pid, Name, Deadline)]
    end.

found_supervisor(Pid, Name, Deadline) ->
    case beamtalk_supervisor:settings(Pid) of
        {Module, Strategy, MaxRestarts, Window} ->
            Found = #found{
                node = node(Pid, Name, beamtalkSupervisor, {'$class', Module}),
                strategy = Strategy,
                intensity = #{maxRestarts => MaxRestarts, window => Window}
            },
            with_children(Found, Pid, Deadline);
        none ->
            case is_supervisor(Pid) of
                true -> with_children(#found{node = node(Pid, Name, otpSupervisor, nil)}, Pid, Deadline);
                false -> #found{node = node(Pid, Name, otpProcess, nil)}
            end
    end.

with_children(#found{node = Node} = Found, Pid, Deadline) ->
    Counts = ask(Pid, count_children, Deadline),
    case proplists:get_value(active, Counts, 0) of
        Many when Many > ?MANY ->
            Found#found{node = Node#{childCount := Many}, truncated = true};
        _ ->
            %% OTP lists the child that was started last first.
            Listed = lists:reverse(ask(Pid, which_children, Deadline)),
            Children = lists:append([child(Child, Deadline) || Child <- Listed]),
            Found#found{node = Node#{childCount := length(Children)}, children = Children}
    end.

child({_, Pid, Type, _}, Deadline) when is_pid(Pid), node(Pid) =:= node() ->
    found(Pid, Type, Deadline);
child({_, restarting, _, Modules}, _) ->
    [#found{node = node(nil, [], restarting, class_of(Modules))}];
child(_, _) ->
    [].

class_of([Module]) ->
    case beamtalk_registry:info(Module, kind, none) of
        none -> nil;
        _ -> {'$class', Module}
    end;
class_of(_) ->
    nil.

%% The requests of `supervisor:which_children/1' and `count_children/1' (stdlib, supervisor.erl), which wait without limit.
ask(Pid, Request, Deadline) ->
    case min(?PATIENCE, Deadline - erlang:monotonic_time(millisecond)) of
        Patience when Patience > 0, Pid =/= self() ->
            try gen_server:call(Pid, Request, Patience) of
                Answer when is_list(Answer) -> Answer;
                _ -> []
            catch
                exit:_ -> []
            end;
        _ ->
            []
    end.

%% Whether the process says of itself that it is one of OTP's supervisors: others may not understand what those are asked.
is_supervisor(Pid) ->
    beamtalk_actors:module(Pid) =:= error andalso
        case process_info(Pid, dictionary) of
            {dictionary, Entries} ->
                case proplists:get_value('$initial_call', Entries) of
                    {supervisor, _, _} -> true;
                    _ -> false
                end;
            undefined ->
                false
        end.

node(Pid, Name, Kind, Class) ->
    #{
        '$class' => 'bt@stdlib@SupervisionNode',
        pid => Pid,
        registeredName => case Name of {registered_name, Atom} -> Atom; [] -> nil end,
        kind => Kind,
        behaviourClass => Class,
        childCount => 0
    }.

%% ---- snapshots -----------------------------------------------------------------------------------------------

%% A snapshot is the number of its entries, where each begins, and the entries, external terms: the node, the places of its
%% parent (or none) and of its children, and what else is known. Places are counted from 0, parents come before children.
placed(Roots) ->
    {_, Entries} = lists:foldl(fun(Root, Sofar) -> entries(Root, none, Sofar) end, {0, []}, Roots),
    Terms = [term_to_binary(Entry) || {_, Entry} <- lists:keysort(1, Entries)],
    Count = length(Terms),
    {Offsets, _} = lists:mapfoldl(fun(Term, At) -> {<<At:32>>, At + byte_size(Term)} end, 4 + 4 * Count, Terms),
    Snapshot = iolist_to_binary([<<Count:32>>, Offsets, Terms]),
    [node_at(Snapshot, Place) || Place <- lists:seq(0, Count - 1)].

entries(#found{node = Node, children = Children} = Found, Parent, {Place, Entries}) ->
    {Next, Below, Places} = lists:foldl(
        fun(Child, {At, Sofar, Taken}) ->
            {After, With} = entries(Child, Place, {At, Sofar}),
            {After, With, [At | Taken]}
        end,
        {Place + 1, Entries, []},
        Children
    ),
    Entry = {Node, Parent, lists:reverse(Places), Found#found.strategy, Found#found.intensity, Found#found.truncated},
    {Next, [{Place, Entry} | Below]}.

entry(Snapshot, Place) ->
    At = binary:decode_unsigned(binary:part(Snapshot, 4 + 4 * Place, 4)),
    <<_:At/binary, Term/binary>> = Snapshot,
    binary_to_term(Term).

-spec node_at(snapshot(), non_neg_integer()) -> tree_node().
node_at(Snapshot, Place) ->
    (element(1, entry(Snapshot, Place)))#{?PLACE => {Snapshot, Place}}.

%% ---- nodes ---------------------------------------------------------------------------------------------------

-spec children(tree_node()) -> [tree_node()].
children(#{?PLACE := {Snapshot, Place}}) ->
    [node_at(Snapshot, Child) || Child <- element(3, entry(Snapshot, Place))];
children(_) ->
    [].

-spec parent(tree_node()) -> tree_node() | nil.
parent(#{?PLACE := {Snapshot, Place}}) ->
    case element(2, entry(Snapshot, Place)) of
        none -> nil;
        Parent -> node_at(Snapshot, Parent)
    end;
parent(_) ->
    nil.

-spec parent_pid(tree_node()) -> pid() | nil.
parent_pid(Node) ->
    case parent(Node) of
        #{pid := Pid} -> Pid;
        nil -> nil
    end.

-spec strategy(tree_node()) -> atom().
strategy(Node) -> known(Node, 4, nil).

-spec restart_intensity(tree_node()) -> map() | nil.
restart_intensity(Node) -> known(Node, 5, nil).

-spec truncated(tree_node()) -> boolean().
truncated(Node) -> known(Node, 6, false).

known(#{?PLACE := {Snapshot, Place}}, Element, _) -> element(Element, entry(Snapshot, Place));
known(_, _, Unknown) -> Unknown.

%% What the process says now to the system message that all of OTP's behaviours understand; nil when it does not. The answer
%% comes with all that the process knows, so a process that may become large takes it.
-spec status(tree_node()) -> #{module := module(), sysState := atom()} | nil.
status(#{pid := Pid}) when is_pid(Pid), node(Pid) =:= node(), Pid =/= self() ->
    {Asker, Watch} = spawn_monitor(fun() ->
        beamtalk_memory:limit_self(),
        exit({status, asked_status(Pid)})
    end),
    receive
        {'DOWN', Watch, process, Asker, {status, Status}} -> Status;
        {'DOWN', Watch, process, Asker, _} -> nil
    end;
status(_) ->
    nil.

asked_status(Pid) ->
    %% Who is no process of OTP's would keep the question in its mailbox.
    case process_info(Pid, dictionary) of
        {dictionary, Entries} ->
            case lists:keymember('$initial_call', 1, Entries) of
                true -> told_status(Pid);
                false -> nil
            end;
        undefined ->
            nil
    end.

told_status(Pid) ->
    try sys:get_status(Pid, ?STATUS_PATIENCE) of
        {status, _, {module, Module}, [_, State | _]} -> #{module => Module, sysState => State}
    catch
        exit:_ -> nil
    end.
