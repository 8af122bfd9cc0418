"""Whose fault an error says it is: the code's own, or that of something the code depends on."""

import re
from collections.abc import Iterable

from vigil.domain.telemetry import ErrorOrigin

CODE_TYPES = frozenset({
    # Raised by a driver, caused by what the code asked of it.
    "AmbiguousColumn", "DataError", "DatatypeMismatch", "DuplicateColumn", "DuplicateTable",
    "IntegrityError", "InvalidTextRepresentation", "NotSupportedError", "ProgrammingError",
    "SyntaxError", "SyntaxErrorOrAccessRuleViolation", "UndefinedColumn", "UndefinedFunction",
    "UndefinedObject", "UndefinedTable",
    "CheckViolation", "ForeignKeyViolation", "NotNullViolation", "UniqueViolation",
    "InvalidURL", "LocalProtocolError", "UnsupportedProtocol", "MissingSchema", "InvalidSchema",
    "DecodeError", "JSONDecodeError", "StreamConsumed", "ResponseNotRead",
    "ParamValidationError", "ArgumentError", "CompileError", "DetachedInstanceError",
    # Operating system, but about the service's own files.
    "FileExistsError", "FileNotFoundError", "IsADirectoryError", "NotADirectoryError",
    "PermissionError",
})  # fmt: skip

DEPENDENCY_TYPES = frozenset({
    # Network and time
    "BrokenPipeError", "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError",
    "ConnectionResetError", "IncompleteReadError", "RemoteDisconnected", "TimeoutError",
    "TimeoutException", "gaierror", "herror", "timeout", "SSLError", "ProxyError",
    # HTTP clients
    "ClientConnectorError", "ConnectError", "ConnectTimeout", "HTTPStatusError", "MaxRetryError",
    "NetworkError", "NewConnectionError", "PoolTimeout", "ReadError", "ReadTimeout",
    "ReadTimeoutError", "RemoteProtocolError", "ServerDisconnectedError", "TransportError",
    "WriteError", "WriteTimeout",
    # Databases
    "AdminShutdown", "CannotConnectNow", "CrashShutdown", "DeadlockDetected", "DiskFull",
    "InterfaceError", "LockNotAvailable", "OperationalError", "OutOfMemory", "PoolClosed",
    "QueryCanceled", "ReadOnlySqlTransaction", "SerializationFailure", "TooManyConnections",
    "TooManyRequests", "TransactionTimeout", "IdleInTransactionSessionTimeout",
    # Caches, queues, clouds
    "AuthenticationError", "AuthorizationError", "BusyLoadingError", "ClusterDownError",
    "ClusterError", "ExternalAuthProviderError", "InvalidResponse", "MasterDownError",
    "MaxConnectionsError", "ReadOnlyError", "RedisError", "TryAgainError",
    "AMQPConnectionError", "KafkaError", "NoBrokersAvailable",
    "EndpointConnectionError", "NoCredentialsError", "RpcError", "AioRpcError",
    # Other languages
    "ConnectException", "SocketException", "SocketTimeoutException", "SQLTransientException",
    "UnknownHostException",
})  # fmt: skip

DEPENDENCY_MODULES = (
    "aiohttp.", "aiokafka.", "amqp.", "asyncpg.", "boto3.", "botocore.", "google.api_core.",
    "grpc.", "http.client.", "httpcore.", "httpcore2.", "httpx.", "httpx2.", "kafka.", "kombu.",
    "mysql.", "pika.", "psycopg.", "psycopg2.", "psycopg_pool.", "pymongo.", "pymysql.", "redis.",
    "requests.", "smtplib.", "socket.", "sqlalchemy.exc.", "ssl.", "urllib.error.", "urllib3.",
)  # fmt: skip

DEPENDENCY_WORDS = re.compile(
    r"""(?ix) \b (?:
      lock\ timeout | could\ not\ obtain\ lock | deadlock\ detected | lock\ wait\ timeout
    | statement\ timeout | canceling\ statement | idle-in-transaction
    | connection\ (?:refused|reset|timed\ out|aborted|is\ closed|closed)
    | could\ not\ connect | couldn't\ connect | broken\ pipe | server\ closed\ the\ connection
    | too\ many\ (?:connections|clients) | remaining\ connection\ slots
    | (?:connection\ )?pool\ (?:timeout|exhausted|limit) | couldn't\ get\ a\ connection
    | name\ or\ service\ not\ known | temporary\ failure\ in\ name\ resolution
    | no\ route\ to\ host | network\ is\ unreachable | timed\ out | deadline\ exceeded
    | read-only\ (?:transaction|replica) | can't\ write\ against\ a\ read\ only
    | OOM\ command\ not\ allowed | MISCONF | maxmemory | LOADING\ Redis
    | no\ space\ left\ on\ device | disk\ full
    ) \b"""
)
"""Said by a dependency, whatever type the code wrapped it in."""


def origin_of(types: Iterable[str], message: str) -> ErrorOrigin:
    """DEPENDENCY when any error of the chain or its words say so, CODE for any other error."""
    named = [name for name in types if name]
    if any(_dependency_type(name) for name in named) or DEPENDENCY_WORDS.search(message):
        return ErrorOrigin.DEPENDENCY
    return ErrorOrigin.CODE if named else ErrorOrigin.UNCLEAR


def _dependency_type(name: str) -> bool:
    bare = name.rpartition(".")[2]
    if bare in CODE_TYPES:
        return False
    return bare in DEPENDENCY_TYPES or name.startswith(DEPENDENCY_MODULES)
