%%% Which packages there are, and which class belongs to which.
%%%
%%% A class belongs to the package that its module names. `user' is no package: it is what the prompt and loose files use. A class
%%% of it whose file is in a package's folder belongs to that package. What manifests say the host knows; it is asked anew each time.
-module(beamtalk_package).

-export([known/0, named/1, used/0, of_module/1, of_sources/1]).

-define(USER, <<"user">>).

-type package() :: #{'$class' := module(), name := binary(), version := binary(), classes := [atom()], dependencies := [binary()], source := binary()}.
%% Name, version, description, the packages it uses, its folder.
-type described() :: {binary(), binary(), binary(), [binary()], binary()}.

%% All packages, by name.
-spec known() -> [package()].
known() ->
    Described = described(),
    Homes = [{home(Module, Described), beamtalk_registry:class_name(Module)} || Module <- beamtalk_registry:modules()],
    Names = lists:usort([Name || {Name, _} <- Homes, Name =/= nil] ++ [element(1, Each) || Each <- Described]),
    [package(Name, lists:sort([Class || {Home, Class} <- Homes, Home =:= Name]), Described) || Name <- Names].

package(Name, Classes, Described) ->
    {_, Version, Source, Dependencies, _} =
        case lists:keyfind(Name, 1, Described) of
            false -> undescribed(Name);
            Found -> Found
        end,
    #{
        '$class' => 'bt@stdlib@Package',
        name => Name,
        version => Version,
        classes => Classes,
        dependencies => Dependencies,
        source => Source
    }.

%% A package without a manifest: the library, or one whose modules alone were loaded.
undescribed(<<"stdlib">> = Name) ->
    {Name, beamtalk_system:version(), <<"The standard library of Beamtalk">>, [], <<>>};
undescribed(Name) ->
    {Name, <<>>, <<>>, [], <<>>}.

-spec named(term()) -> package().
named(Name) when is_binary(Name) ->
    Known = known(),
    case [Package || #{name := Found} = Package <- Known, Found =:= Name] of
        [Package] -> Package;
        [] -> not_found(Name, [Found || #{name := Found} <- Known])
    end;
named(Name) when is_atom(Name), Name =/= nil, not is_boolean(Name) ->
    named(atom_to_binary(Name));
named(Other) ->
    Given = atom_to_binary(beamtalk_registry:name_of(Other)),
    raise(type_error, <<"named: expects a String name, got ", Given/binary>>, nil).

-spec not_found(binary(), [binary()]) -> no_return().
not_found(Name, Loaded) ->
    Hint = iolist_to_binary(["Loaded packages: ", lists:join(", ", Loaded)]),
    raise(package_not_found, <<"Package not found: ", Name/binary>>, Hint).

-spec raise(atom(), binary(), binary() | nil) -> no_return().
raise(Kind, Text, Hint) ->
    beamtalk_error:raise_message(beamtalk_error:exception_module(Kind), Kind, Text, 'Package', 'named:', Hint).

%% The packages that the project uses, by name.
-spec used() -> #{binary() => package()}.
used() ->
    Used = case described() of [] -> []; [_ | Others] -> [element(1, Each) || Each <- Others] end,
    maps:from_list([{Name, Package} || #{name := Name} = Package <- known(), lists:member(Name, Used)]).

%% The name of the package that a class belongs to, or nil.
-spec of_module(module()) -> binary() | nil.
of_module(Module) ->
    case beamtalk_registry:package(Module) of
        ?USER -> home(Module, described());
        Name -> Name
    end.

%% The names of the packages of sources: each is given by its package, or by the path of its file.
-spec of_sources([binary()]) -> #{binary() => binary() | nil}.
of_sources(Sources) ->
    Described = described(),
    maps:from_list([{Source, of_source(Source, Described)} || Source <- lists:usort(Sources)]).

of_source(Source, Described) ->
    %% Files have an extension, what is typed has angle brackets, and names of packages have neither.
    case binary:match(Source, [<<".">>, <<"<">>]) of
        nomatch -> Source;
        _ -> folder_of(Source, Described)
    end.

home(Module, Described) ->
    case beamtalk_registry:package(Module) of
        ?USER -> folder_of(beamtalk_registry:info(Module, source_file, nil), Described);
        Name -> Name
    end.

%% The innermost folder counts: a package may keep another one in its own.
folder_of(nil, _) ->
    nil;
folder_of(Path, Described) ->
    Around = [{byte_size(Root), Name} || {Name, _, _, _, Root} <- Described, is_below(Path, Root)],
    case lists:sort(Around) of
        [] -> nil;
        Found -> element(2, lists:last(Found))
    end.

is_below(Path, Root) ->
    Folder = <<Root/binary, "/">>,
    binary:longest_common_prefix([Path, Folder]) =:= byte_size(Folder).

%% The project's package first.
-spec described() -> [described()].
described() ->
    case beamtalk_host:call(packages) of
        {ok, Packages} -> Packages;
        _ -> []
    end.
