%%% Shared tables: named public ETS tables. A table is known by its name and its identity, so that a deleted one is noticed
%%% even when its name is in use again.
-module(beamtalk_ets).

-export([
    new/2,
    named/1,
    exists/1,
    new_or_existing/2,
    at/2,
    at_put/3,
    at_if_absent/3,
    includes_key/2,
    remove_key/2,
    keys/1,
    size/1,
    delete/1
]).

-compile({no_auto_import, [size/1]}).

-type table() :: #{'$class' := module(), name := atom(), table := ets:tid()}.

-define(TYPE_HINT, <<"Table type must be one of: #set, #orderedSet, #bag, #duplicateBag">>).

-spec new(term(), term()) -> table().
new(Name, Type) ->
    case create(Name, options(Type, 'new:type:'), 'new:type:') of
        ok -> table(Name);
        taken -> failed(already_exists, 'new:type:', <<"A table with this name already exists">>)
    end.

-spec new_or_existing(term(), term()) -> table().
new_or_existing(Name, Type) ->
    _ = create(Name, options(Type, 'newOrExisting:type:'), 'newOrExisting:type:'),
    table(Name).

%% An actor owns its tables; for everybody else the keeper does.
create(Name, Options, _) when is_atom(Name) ->
    case beamtalk_actors:module(self()) of
        {ok, _} ->
            try ets:new(Name, Options) of
                _ -> ok
            catch
                error:badarg -> taken
            end;
        error ->
            beamtalk_keeper:new_table(Name, Options)
    end;
create(_, _, Selector) ->
    name_error(Selector).

options(set, _) -> [set, named_table, public];
options(orderedSet, _) -> [ordered_set, named_table, public];
options(bag, _) -> [bag, named_table, public];
options(duplicateBag, _) -> [duplicate_bag, named_table, public];
options(_, Selector) -> failed(type_error, Selector, ?TYPE_HINT).

table(Name) ->
    #{'$class' => 'bt@stdlib@Ets', name => Name, table => ets:whereis(Name)}.

-spec named(term()) -> table().
named(Name) when is_atom(Name) ->
    case ets:whereis(Name) of
        undefined -> failed(not_found, 'named:', <<"No ETS table with this name exists">>);
        _ -> table(Name)
    end;
named(_) ->
    name_error('named:').

-spec exists(term()) -> boolean().
exists(Name) when is_atom(Name) -> ets:whereis(Name) =/= undefined;
exists(_) -> name_error('exists:').

-spec at(table(), term()) -> term().
at(#{table := Table} = Self, Key) ->
    on_table(Self, 'at:', fun() ->
        case ets:lookup(Table, Key) of
            [{_, Value} | _] -> Value;
            [] -> nil
        end
    end).

-spec at_put(table(), term(), term()) -> nil.
at_put(#{table := Table} = Self, Key, Value) ->
    on_table(Self, 'at:put:', fun() ->
        case ets:info(Table, type) of
            Bag when Bag =:= bag; Bag =:= duplicate_bag -> ets:delete(Table, Key);
            _ -> true
        end,
        true = ets:insert(Table, {Key, Value}),
        nil
    end).

-spec at_if_absent(table(), term(), term()) -> term().
at_if_absent(_, _, Block) when not is_function(Block) ->
    beamtalk_error:raise(type_error, 'Ets', 'at:ifAbsent:', <<"A block is needed.">>);
at_if_absent(#{table := Table} = Self, Key, Block) ->
    case on_table(Self, 'at:ifAbsent:', fun() -> ets:lookup(Table, Key) end) of
        [{_, Value} | _] -> Value;
        [] -> beamtalk_block:value(Block)
    end.

-spec includes_key(table(), term()) -> boolean().
includes_key(#{table := Table} = Self, Key) ->
    on_table(Self, 'includesKey:', fun() -> ets:member(Table, Key) end).

-spec remove_key(table(), term()) -> nil.
remove_key(#{table := Table} = Self, Key) ->
    on_table(Self, 'removeKey:', fun() ->
        true = ets:delete(Table, Key),
        nil
    end).

-spec keys(table()) -> [term()].
keys(#{table := Table} = Self) ->
    on_table(Self, keys, fun() -> beamtalk_set:elements(ets:select(Table, [{{'$1', '_'}, [], ['$1']}])) end).

-spec size(table()) -> non_neg_integer().
size(#{table := Table} = Self) ->
    case ets:info(Table, size) of
        undefined -> stale(Self, size);
        Size -> Size
    end.

-spec delete(table()) -> nil.
delete(#{table := Table, name := Name} = Self) ->
    case ets:info(Table, owner) of
        undefined ->
            stale(Self, delete);
        Owner when Owner =:= self() ->
            true = ets:delete(Table),
            nil;
        _ ->
            case beamtalk_keeper:delete_table(Name) of
                ok -> nil;
                not_owner -> failed(permission_denied, delete, <<"Only the table's owner may delete it">>)
            end
    end.

%% The VM refuses operations on a table that is gone with `badarg'.
on_table(Self, Selector, Operation) ->
    try
        Operation()
    catch
        error:badarg -> stale(Self, Selector)
    end.

-spec stale(table(), atom()) -> no_return().
stale(#{name := Name}, Selector) ->
    failed(stale_table, Selector, <<"ETS table is stale or has been deleted: ", (atom_to_binary(Name))/binary>>).

-spec name_error(atom()) -> no_return().
name_error(Selector) ->
    failed(type_error, Selector, <<"Table name must be a Symbol">>).

-spec failed(atom(), atom(), binary()) -> no_return().
failed(Kind, Selector, Hint) ->
    beamtalk_error:raise(Kind, 'Ets', Selector, Hint).
