%%% Files and folders: OTP's `file' with Results, text and checked arguments.
-module(beamtalk_file).

-export([
    exists/1,
    is_file/1,
    is_directory/1,
    read_all/1,
    write_all/2,
    read_binary/1,
    write_binary/2,
    append_binary/2,
    lines/1,
    last_modified/1,
    mkdir/1,
    mkdir_all/1,
    list_directory/1,
    delete/1,
    delete_all/1,
    rename/2,
    absolute_path/1,
    cwd/0,
    temp_directory/0
]).
-export([path/2, failure/3, line/1]).

-include_lib("kernel/include/file.hrl").

%% Bytes that a stream of lines reads ahead.
-define(READ_AHEAD, 65536).

%% ---- questions -----------------------------------------------------------------------------------------------

-spec exists(term()) -> boolean().
exists(Path) -> is_path(Path) andalso element(1, file:read_file_info(Path)) =:= ok.

-spec is_file(term()) -> boolean().
is_file(Path) -> is_path(Path) andalso filelib:is_regular(Path).

-spec is_directory(term()) -> boolean().
is_directory(Path) -> is_path(Path) andalso filelib:is_dir(Path).

%% The operating system ends a name at a zero byte.
is_path(Path) -> is_binary(Path) andalso binary:match(Path, <<0>>) =:= nomatch.

-spec last_modified(term()) -> beamtalk_result:result().
last_modified(Path) ->
    Selector = 'lastModified:',
    case file:read_file_info(path(Path, Selector), [{time, posix}]) of
        {ok, #file_info{mtime = Seconds}} -> beamtalk_result:ok(beamtalk_datetime:from_timestamp(Seconds));
        {error, Reason} -> failure(Reason, Selector, <<"Check that the file exists">>)
    end.

-spec cwd() -> binary().
cwd() ->
    {ok, Path} = file:get_cwd(),
    unicode:characters_to_binary(Path).

-spec absolute_path(term()) -> beamtalk_result:result().
absolute_path(Path) ->
    beamtalk_result:ok(filename:absname(path(Path, 'absolutePath:'), cwd())).

-spec temp_directory() -> binary().
temp_directory() ->
    Set = [Value || Name <- ["TMPDIR", "TEMP", "TMP"], Value <- [os:getenv(Name)], Value =/= false, Value =/= ""],
    case Set of
        [First | _] -> unicode:characters_to_binary(First);
        [] -> <<"/tmp">>
    end.

%% ---- contents ------------------------------------------------------------------------------------------------

-spec read_all(term()) -> beamtalk_result:result().
read_all(Path) ->
    read(Path, 'readAll:').

-spec read_binary(term()) -> beamtalk_result:result().
read_binary(Path) ->
    read(Path, 'readBinary:').

read(Path, Selector) ->
    case file:read_file(path(Path, Selector)) of
        {ok, Bytes} -> beamtalk_result:ok(Bytes);
        {error, Reason} -> failure(Reason, Selector, <<"Check that the file exists">>)
    end.

-spec write_all(term(), term()) -> beamtalk_result:result().
write_all(Path, Text) when is_binary(Text) -> write(Path, Text, [], 'writeAll:contents:');
write_all(_, _) -> type_error('writeAll:contents:', <<"Contents must be a String">>).

-spec write_binary(term(), term()) -> beamtalk_result:result().
write_binary(Path, Bytes) when is_binary(Bytes) -> write(Path, Bytes, [], 'writeBinary:contents:');
write_binary(_, _) -> type_error('writeBinary:contents:', <<"Contents must be a binary">>).

-spec append_binary(term(), term()) -> beamtalk_result:result().
append_binary(Path, Bytes) when is_binary(Bytes) -> write(Path, Bytes, [append], 'appendBinary:contents:');
append_binary(_, _) -> type_error('appendBinary:contents:', <<"Contents must be a binary">>).

write(Path, Bytes, Modes, Selector) ->
    _ = filelib:ensure_dir(path(Path, Selector)),
    done(file:write_file(Path, Bytes, Modes), Selector, <<"Check that the folder can be written to">>).

%% Opens the file anew for each run of the stream; the process dictionary holds what is open, the innermost run first.
-spec lines(term()) -> beamtalk_result:result().
lines(Path) ->
    Selector = 'lines:',
    case open(path(Path, Selector)) of
        {ok, Probe} ->
            ok = file:close(Probe),
            Key = {?MODULE, make_ref()},
            Description = <<"File.lines('", Path/binary, "')">>,
            Stream = beamtalk_stream:make(fun() -> start(Path, Key) end, Description, fun() -> stop(Key) end),
            beamtalk_result:ok(Stream);
        {error, Reason} ->
            failure(Reason, Selector, <<"Check that the file exists">>)
    end.

open(Path) ->
    case filelib:is_dir(Path) of
        true -> {error, eisdir};
        false -> file:open(Path, [read, raw, binary, {read_ahead, ?READ_AHEAD}])
    end.

start(Path, Key) ->
    case open(Path) of
        {ok, Device} ->
            put(Key, [Device | opened(Key)]),
            next(Device);
        {error, Reason} ->
            #{errReason := Exception} = failure(Reason, 'lines:', <<"Check that the file exists">>),
            erlang:error(Exception)
    end.

opened(Key) ->
    case get(Key) of
        undefined -> [];
        Devices -> Devices
    end.

next(Device) ->
    case file:read_line(Device) of
        {ok, Line} -> {line(Line), fun() -> next(Device) end};
        eof -> done;
        {error, Reason} -> beamtalk_error:raise(io_error, 'File', 'lines:', beamtalk_error:text(Reason))
    end.

%% A line without its end, LF or CRLF.
-spec line(binary()) -> binary().
line(Line) ->
    case binary:longest_common_suffix([Line, <<"\r\n">>]) of
        2 -> binary:part(Line, 0, byte_size(Line) - 2);
        1 -> binary:part(Line, 0, byte_size(Line) - 1);
        0 -> Line
    end.

stop(Key) ->
    case opened(Key) of
        [Device | Outer] ->
            _ = file:close(Device),
            restore(Key, Outer);
        [] ->
            ok
    end.

restore(Key, []) -> erase(Key);
restore(Key, Devices) -> put(Key, Devices).

%% ---- folders -------------------------------------------------------------------------------------------------

-spec mkdir(term()) -> beamtalk_result:result().
mkdir(Path) ->
    case file:make_dir(path(Path, 'mkdir:')) of
        {error, enoent} -> error_result(directory_not_found, 'mkdir:', <<"Parent directory does not exist">>);
        {error, eexist} -> error_result(already_exists, 'mkdir:', <<"Directory already exists">>);
        Answer -> done(Answer, 'mkdir:', <<"Check directory permissions">>)
    end.

-spec mkdir_all(term()) -> beamtalk_result:result().
mkdir_all(Path) ->
    Inside = filename:join(path(Path, 'mkdirAll:'), <<"x">>),
    done(filelib:ensure_dir(Inside), 'mkdirAll:', <<"Check directory permissions">>).

-spec list_directory(term()) -> beamtalk_result:result().
list_directory(Path) ->
    Selector = 'listDirectory:',
    case file:list_dir_all(path(Path, Selector)) of
        {ok, Names} -> beamtalk_result:ok(lists:sort([name(Name) || Name <- Names]));
        {error, enoent} -> error_result(directory_not_found, Selector, <<"Check that the directory exists">>);
        {error, enotdir} -> error_result(not_a_directory, Selector, <<"Path is not a directory">>);
        {error, eacces} -> error_result(permission_denied, Selector, <<"Check directory permissions">>);
        {error, Reason} -> failure(Reason, Selector, nil)
    end.

%% Names that are no text in the system's encoding come as raw bytes.
name(Name) when is_binary(Name) -> Name;
name(Name) -> unicode:characters_to_binary(Name).

-spec delete(term()) -> beamtalk_result:result().
delete(Path) ->
    Selector = 'delete:',
    IsFolder = is_real_folder(path(Path, Selector)),
    Answer =
        case IsFolder of
            true -> file:del_dir(Path);
            false -> file:delete(Path)
        end,
    case Answer of
        {error, Reason} when IsFolder, (Reason =:= eexist orelse Reason =:= enotempty) ->
            error_result(not_empty, Selector, <<"Directory is not empty; use deleteAll:">>);
        _ ->
            done(Answer, Selector, <<"File or directory does not exist">>)
    end.

%% A link to a folder is deleted as a link.
is_real_folder(Path) ->
    case file:read_link_info(Path) of
        {ok, #file_info{type = directory}} -> true;
        _ -> false
    end.

-spec delete_all(term()) -> beamtalk_result:result().
delete_all(Path) ->
    Selector = 'deleteAll:',
    Answer =
        case is_real_folder(path(Path, Selector)) of
            true -> file:del_dir_r(Path);
            false -> file:delete(Path)
        end,
    done(Answer, Selector, <<"Path does not exist">>).

-spec rename(term(), term()) -> beamtalk_result:result().
rename(From, To) when is_binary(To) ->
    Selector = 'rename:to:',
    done(file:rename(path(From, Selector), path(To, Selector)), Selector, <<"Source path does not exist">>);
rename(_, _) ->
    type_error('rename:to:', <<"Destination must be a String">>).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec path(term(), atom()) -> binary().
path(Path, Selector) ->
    case is_path(Path) of
        true -> Path;
        false -> type_error(Selector, <<"Path must be a String">>)
    end.

done(ok, _, _) -> beamtalk_result:ok(nil);
done({error, Reason}, Selector, MissingHint) -> failure(Reason, Selector, MissingHint).

%% The failure that a reason of the operating system means.
-spec failure(term(), atom(), binary() | nil) -> beamtalk_result:result().
failure(enoent, Selector, MissingHint) ->
    error_result(file_not_found, Selector, MissingHint);
failure(Reason, Selector, _) when Reason =:= eacces; Reason =:= eperm ->
    error_result(permission_denied, Selector, <<"Check file permissions">>);
failure(Reason, Selector, _) ->
    Text = case is_atom(Reason) of true -> file:format_error(Reason); false -> beamtalk_error:text(Reason) end,
    error_result(io_error, Selector, unicode:characters_to_binary(Text)).

error_result(Kind, Selector, Hint) ->
    beamtalk_result:error(beamtalk_error:make(Kind, 'File', Selector, Hint)).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'File', Selector, Hint).
